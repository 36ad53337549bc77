import type { Claim, DeviceFacts, EngineFigures } from './devices.ts'
import type { DeviceId, InstanceId, ModelName } from './ids.ts'
import type { AnswerTimeouts, Capability, EngineName, ModelSpec } from './manifest.ts'
import type { FailureClass, LeaveReason, Phase } from './phases.ts'
import type { Bytes, Instant, Millis } from './units.ts'

/** What the gateway and the operators' front may read of the supervisor; made from memory, never wakes anything. */
export interface View {
  models(): readonly ModelView[]
  /** What a request needs to know of the model that it names; asked for each one, so nothing is made for the answer. */
  resolve(nameOrAlias: string): ServedModel | undefined
  /** By name or alias. */
  model(nameOrAlias: string): ModelView | undefined
  devices(): readonly DeviceView[]
  queue(): readonly QueueView[]
  readonly stage: Stage
}

/** `recovering` while leftovers of an earlier daemon are stopped (requests wait), `stopping` from the first signal on. */
export type Stage = 'recovering' | 'serving' | 'stopping'

/** A model as requests see it, whatever its state. */
export interface ServedModel {
  readonly id: ModelName
  /** Refused routes by capability are the adapter's word. */
  readonly capabilities: ReadonlySet<Capability>
  readonly timeouts: AnswerTimeouts
  readonly unlisted: boolean
}

export interface ModelView extends ServedModel {
  readonly aliases: readonly string[]
  /** Of the instance, or of the way that is tried first. */
  readonly engine: EngineName
  /** As the manifest has it now, every default filled in. Its `env` may hold secrets. */
  readonly spec: ModelSpec
  /** Which of the ways to run it the instance is; 0 is its own. Null without an instance, or when it is none of them any more. */
  readonly variant: number | null
  /** Of the instance that counts: the one that serves, else the one that comes or goes; `absent` without one. */
  readonly phase: Phase | 'absent' | 'fetching' | 'waiting' | 'backing_off'
  /** What clients that know llama.cpp's router read. */
  readonly status: 'unloaded' | 'loading' | 'loaded' | 'downloading' | 'failed'
  readonly contextLength: number | null
  readonly root: string
  readonly ttl: Millis | null
  readonly keep: 'auto' | 'always' | 'preload'
  readonly pinned: { readonly until: Instant | null } | null
  /** Bytes so far of its weights, while they are fetched. */
  readonly fetched: Bytes | null
  readonly claims: readonly Claim[]
  readonly instance: InstanceView | null
  readonly leases: number
  readonly waiting: number
  readonly lastByteAt: Instant | null
  readonly unloadAt: Instant | null
  readonly lastLoad: Millis | null
  /** What a load takes, from those that were seen, also by earlier daemons. */
  readonly learnedLoad: Millis | null
  readonly lastReason: LeaveReason | null
  readonly failure: FailureView | null
}

export interface InstanceView {
  readonly id: InstanceId
  readonly pid: number | null
  readonly argv: readonly string[]
  readonly startedAt: Instant
  readonly readyAt: Instant | null
  /** Of the load, 0 to 1, when the engine tells it. */
  readonly progress: number | null
  /** What the load is at, when the engine tells it. */
  readonly step: string | null
  /** What the engine says of its memory; null when it says nothing. */
  readonly figures: EngineFigures | null
}

export interface FailureView {
  readonly class: FailureClass
  readonly message: string
  readonly retryAt: Instant | null
  readonly logTail: readonly string[]
}

export interface DeviceView extends DeviceFacts {
  readonly claims: readonly {
    readonly model: ModelName
    readonly instance: InstanceId
    readonly bytes: Bytes
    readonly phase: Phase
  }[]
  readonly quarantined: Bytes
  readonly free: Bytes
}

export interface QueueView {
  readonly request: string
  readonly model: ModelName
  readonly since: Instant
}

/** A device's id for people: `host`, `GPU 0`, `resource:licence`. */
export function deviceLabel(device: {
  readonly id: DeviceId
  readonly kind: DeviceFacts['kind']
  readonly index: number
}): string {
  return device.kind === 'gpu' ? `GPU ${device.index}` : device.id
}
