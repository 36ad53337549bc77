import type { Address } from './address.ts'
import type { InstanceId, ModelName, RequestId } from './ids.ts'
import type { Millis } from './units.ts'

/** The gateway's way to an instance. Everything the gateway knows of the supervisor is in this file and in view.ts. */
export interface Admission {
  /**
   * A right to use an instance of `model`: at once when one is ready with a free slot (same turn of the event loop),
   * else when the model is loaded or a slot falls free.
   *
   * Rejects with an EnginehouseError: server_overloaded, model_failed, insufficient_gpu_memory,
   * insufficient_host_memory, queue_timeout, shutting_down; with `signal.reason` when the signal aborts first.
   */
  acquire(model: ModelName, request: RequestInfo, signal: AbortSignal): Lease | Promise<Lease>
}

export interface RequestInfo {
  readonly id: RequestId
  /** `fail`: model_loading at once instead of a wait for a cold model. */
  readonly onCold: 'wait' | 'fail'
}

/** A request's right to use an instance; while one is held the instance is never taken down by policy. */
export interface Lease {
  readonly instance: InstanceId
  /** The one that answers. */
  readonly model: ModelName
  /** What was asked for, when another model answers in its place; the client is told. */
  readonly fallbackFrom: ModelName | null
  readonly address: Address
  /** What the engine calls the model. */
  readonly servedName: string
  /** The engine's own per-launch API key. */
  readonly key: string
  /** Whether a connection to the engine may serve another request, and after which answers. */
  readonly reuse: ConnectionReuse
  readonly plainAnswers: PlainAnswers
  /** Time the request waited for the instance; 0 when it was ready. */
  readonly queued: Millis
  /** Time that the load took, when this request waited for one; else null. */
  readonly coldStart: Millis | null
  /** One per instance: aborts when the stop ladder destroys upstream sockets or the instance exits. */
  readonly ended: AbortSignal
  /** Gives the right back; the second call does nothing. */
  release(outcome: LeaseOutcome): void
}

/** `plain`: only after an answer that was not a stream (llama-server closes after SSE). */
export type ConnectionReuse = 'never' | 'plain' | 'always'

/**
 * How an answer that is no stream is had. `gathered`: from a stream, as the engine goes on with a plain one whose client
 * has left (llama-server does, for as long as anything else happens in it).
 */
export type PlainAnswers = 'passed' | 'gathered'

/** `stalled`: the engine gave no byte for as long as the manifest allows, or lives and accepts no connection. */
export type LeaseOutcome = 'complete' | 'client_gone' | 'engine_error' | 'stalled' | 'failed'
