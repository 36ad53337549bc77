import type { IncomingMessage, ServerResponse } from 'node:http'
import { EnginehouseError } from '../core/index.ts'
import type {
  Admission,
  AnswerTimeouts,
  Capability,
  InstanceId,
  Lease,
  Millis,
  ModelName,
  RequestId,
  ServedModel,
} from '../core/index.ts'
import type { AccessLog, AdmissionResult, Logger, Metrics, RequestOutcome, TokenUsage } from '../telemetry/index.ts'
import { clientOf } from './access.ts'
import { ownHeaders, waitingHeaders } from './answer.ts'
import type { Asked } from './asked.ts'
import type { Translated } from './dialects/dialect.ts'
import { comment, Heartbeat, PADDING, signOfLife, timesOf } from './heartbeat.ts'
import type { HeartbeatTimes, Waits } from './heartbeat.ts'
import { orderFor } from './order.ts'
import { Outcome } from './outcome.ts'
import type { OutcomeObserver } from './outcome.ts'
import type { Protocol } from './protocols.ts'
import { Relay } from './relay.ts'
import type { RelayWatcher } from './relay.ts'
import { gatheringFor } from './gathering/index.ts'
import { EXIT_SEEN_WITHIN } from './limits.ts'
import type { Roster, Seated } from './roster.ts'
import type { Upstreams } from './upstream.ts'

/** What all exchanges share. */
export interface ExchangeRoom {
  readonly admission: Admission
  readonly upstreams: Upstreams
  readonly metrics: Metrics
  readonly log: Logger
  readonly access: AccessLog
  /** Exchanges whose response is not closed yet. */
  readonly running: Roster<Exchange>
  readonly stalledReader: Millis
  readonly heartbeat: HeartbeatTimes
  /** What a request for the model waits for, in words. */
  waitingFor(model: ModelName): string
  /** Null: the model's engine may take its time. */
  timeoutsOf(model: ModelName): AnswerTimeouts | null
  /** Whether the model answers routes of this kind. */
  serves(model: ModelName, capability: Capability): boolean
  /** Names of models that do, as clients may know them. */
  able(capability: Capability): readonly string[]
  /** Milliseconds of a clock that only moves forward. */
  readonly now: () => Millis
  /** An exchange left `running`. */
  closed(): void
  /**
   * A controller that was asked for nothing: one made per request would be a tenth of what a request costs, and on
   * the ready path it is never used.
   */
  spare: AbortController | null
}

/** One checked request. */
export interface Demand {
  readonly id: RequestId
  /** The client's own id where it sent one, else `id`. */
  readonly requestId: string
  readonly route: string
  /** What the route asks of an engine. */
  readonly capability: Capability
  readonly protocol: Protocol
  /** How its client may hear that it waits, while there is no engine for it. */
  readonly waits: Waits
  /** What the engine is asked: its own route. */
  readonly path: string
  readonly model: ServedModel
  readonly asked: Asked
  /** How the answer is put into the client's dialect; null where it passes as it is. */
  readonly translated: Translated | null
  readonly onCold: 'wait' | 'fail'
}

/** A request as operators see it. */
export interface LiveRequest {
  /** Ours: no two requests have the same. */
  readonly id: RequestId
  /** The client's own id where it sent one, else `id`. */
  readonly clientId: string
  readonly model: ModelName
  readonly route: string
  readonly stream: boolean
  /** Null while it waits for one. */
  readonly instance: InstanceId | null
  readonly age: Millis
  /** From its arrival to the first byte of the answer; null before there is one. */
  readonly firstByteAfter: Millis | null
}

const CLIENT_GONE = new Error('the client went away')

/** One request from the moment it may wake a model until its response is closed. */
export class Exchange implements OutcomeObserver, RelayWatcher, Seated {
  seat = -1
  readonly #room: ExchangeRoom
  readonly #demand: Demand
  readonly #request: IncomingMessage
  readonly #response: ServerResponse
  readonly #outcome: Outcome
  readonly #begun: Millis
  /** Asked for while the connection stands; null where nobody wants to know. */
  readonly #client: string | null
  /** Made when a stream has to wait. */
  #heartbeat: Heartbeat | null = null
  #waiting: AbortController | null = null
  #lease: Lease | null = null
  #relay: Relay | null = null
  #firstByte: Millis | null = null
  #usage: TokenUsage | null = null
  /** Set while a request that its engine never got waits for that engine's end to be seen. */
  #unreached: NodeJS.Timeout | null = null
  #startedOver = false

  constructor(room: ExchangeRoom, demand: Demand, request: IncomingMessage, response: ServerResponse) {
    this.#room = room
    this.#demand = demand
    this.#request = request
    this.#response = response
    this.#outcome = new Outcome(response, demand, this)
    this.#begun = room.now()
    this.#client = room.access.wanted ? clientOf(request) : null
  }

  /** Asks for a lease and, where a model is ready, sends the request in the same turn of the event loop. */
  begin(): void {
    const { running, metrics } = this.#room
    running.add(this)
    metrics.requestStarted()
    this.#watchClient()
    if (this.#outcome.settled === null) this.#ask()
  }

  #ask(): void {
    const { admission } = this.#room
    const { model, id, onCold } = this.#demand
    const controller = this.#room.spare ?? new AbortController()
    this.#room.spare = null
    try {
      const lease = admission.acquire(model.id, { id, onCold }, controller.signal)
      if ('then' in lease) {
        this.#waiting = controller
        this.#startHeartbeat()
        lease.then(
          (granted) => this.#granted(granted),
          (error: unknown) => this.#denied(error),
        )
        return
      }
      this.#room.spare = controller
      this.#granted(lease)
    } catch (error) {
      this.#denied(error)
    }
  }

  /** From outside (an operator, the drain deadline): whatever the phase, engine and client are told. */
  end(error: EnginehouseError): void {
    this.#outcome.fail(error, { outcome: this.#lease === null ? 'refused' : 'failed' })
  }

  show(): LiveRequest {
    const { id, requestId, model, route, asked } = this.#demand
    return {
      id,
      clientId: requestId,
      model: model.id,
      route,
      stream: asked.stream,
      instance: this.instance,
      age: this.#room.now() - this.#begun,
      firstByteAfter: this.#firstByte === null ? null : this.#firstByte - this.#begun,
    }
  }

  /** Null before there is a lease. */
  get instance(): InstanceId | null {
    return this.#lease?.instance ?? null
  }

  /** A second engine that is not there either is an error like any other. */
  unreached(): boolean {
    if (this.#startedOver) return false
    this.#unreached ??= setTimeout(() => this.#engineIsDeaf(), EXIT_SEEN_WITHIN)
    return true
  }

  /** An engine that ended before it got the request has begun nothing: once, another one may answer it. */
  engineEnded(reason: unknown): void {
    if (this.#outcome.settled !== null) return
    if (reason instanceof EnginehouseError) this.#outcome.fail(reason, { outcome: 'engine_error' })
    else if (this.#startedOver || this.#relay?.sent === true) this.#engineCrashed()
    else this.#startOver()
  }

  firstByte(): void {
    this.#firstByte = this.#room.now()
  }

  used(usage: TokenUsage): void {
    this.#usage = usage
  }

  settled(outcome: RequestOutcome, error: EnginehouseError | null, status: number | null): void {
    this.#forgetUnreached()
    this.#heartbeat?.stop()
    this.#relay?.stop()
    this.#lease?.release(outcome === 'refused' ? 'failed' : outcome)
    if (this.#lease === null) this.#waiting?.abort(error ?? CLIENT_GONE)
    this.#record(outcome, error, status)
  }

  #startOver(): void {
    this.#startedOver = true
    this.#forgetUnreached()
    this.#relay?.abandon()
    this.#relay = null
    this.#lease?.release('engine_error')
    this.#lease = null
    this.#ask()
  }

  #engineCrashed(): void {
    this.#lost('its process is gone.', 'engine_error')
  }

  /** It lives, and takes no request: if the next one meets the same, it is of no use to anybody. */
  #engineIsDeaf(): void {
    this.#lost('it accepts no connection.', 'stalled')
  }

  #lost(detail: string, outcome: 'engine_error' | 'stalled'): void {
    this.#outcome.fail(new EnginehouseError('engine_crashed', { model: this.#demand.model.id, detail }), { outcome })
  }

  #forgetUnreached(): void {
    if (this.#unreached !== null) clearTimeout(this.#unreached)
    this.#unreached = null
  }

  #startHeartbeat(): void {
    const times = timesOf(this.#demand.waits, this.#request.headers, this.#room.heartbeat)
    if (times === null) return
    this.#heartbeat ??= new Heartbeat(times, (nth) => this.#beat(nth))
    this.#heartbeat.start()
  }

  #beat(nth: number): void {
    const { model, protocol, requestId, waits } = this.#demand
    if (waits === 'padding') return this.#outcome.beat('body', waitingHeaders(requestId, 'body'), PADDING)
    const text = signOfLife(protocol, this.#room.waitingFor(model.id), nth, this.#request.headers['user-agent'])
    this.#outcome.beat('stream', waitingHeaders(requestId, 'stream'), text)
  }

  #granted(lease: Lease): void {
    this.#waiting = null
    this.#heartbeat?.stop()
    // The client left, or the drain ended, in the very turn in which the lease was granted.
    if (this.#outcome.settled !== null) {
      lease.release(this.#outcome.settled === 'client_gone' ? 'client_gone' : 'failed')
      return
    }
    const { route, capability } = this.#demand
    if (lease.fallbackFrom !== null && !this.#room.serves(lease.model, capability)) {
      lease.release('failed')
      const why = `it stands in for ${lease.fallbackFrom}, which cannot be loaded, and its engine has no such route`
      const models = this.#room.able(capability)
      const error = new EnginehouseError('unsupported_endpoint', { model: lease.model, route, why, models })
      this.#outcome.fail(error, { outcome: 'refused' })
      return
    }
    this.#lease = lease
    if (lease.fallbackFrom !== null && !this.#discloses(lease.model, lease.fallbackFrom)) return
    this.#admitted(lease.coldStart === null ? 'hit' : 'miss')
    const upstream = this.#room.upstreams.of(lease)
    if (upstream === null) {
      this.engineEnded(lease.ended.reason)
      return
    }
    const { path, asked } = this.#demand
    const isGathered = lease.plainAnswers === 'gathered' && !asked.stream && asked.streamable
    const gathering = isGathered ? gatheringFor(path) : null
    this.#relay = new Relay({
      upstream,
      order: orderFor(this.#demand, this.#request.headers, lease, gathering === null ? 'as_asked' : 'streamed'),
      response: this.#response,
      outcome: this.#outcome,
      model: lease.model,
      ownHeaders: ownHeaders(this.#demand.requestId, lease),
      stalledReader: this.#room.stalledReader,
      timeouts: this.#room.timeoutsOf(lease.model),
      translation: this.#demand.translated?.answer(lease.model) ?? null,
      protocol: this.#demand.protocol,
      requestId: this.#demand.requestId,
      gathering,
      now: this.#room.now,
      watcher: this,
    })
    this.#relay.start()
  }

  /** Too late for a header, a stream says it by a comment; a body cannot, so that it is asked for anew. */
  #discloses(model: ModelName, asked: ModelName): boolean {
    const { early } = this.#outcome
    if (early === 'stream') this.#outcome.beat('stream', [], comment(`${model} answers in place of ${asked}`))
    if (early === 'body') this.#outcome.failWith(null, 'complete')
    return early !== 'body'
  }

  #denied(error: unknown): void {
    this.#waiting = null
    this.#admitted('miss')
    if (error instanceof EnginehouseError) {
      this.#outcome.fail(error, { outcome: 'refused' })
      return
    }
    if (this.#outcome.settled !== null) return
    this.#room.log.error({ error, request: this.#demand.id }, 'admission failed')
    this.#outcome.fail(new EnginehouseError('internal', { what: 'the request could not be admitted.' }), {
      outcome: 'failed',
    })
  }

  /** Counted once, also where the first engine was gone before it got the request. */
  #admitted(result: AdmissionResult): void {
    if (!this.#startedOver) this.#room.metrics.admitted(this.#demand.model.id, result)
  }

  #watchClient(): void {
    const response = this.#response
    // An error here is the client's connection; its close follows and says all that counts.
    response.on('error', ignore)
    const closed = (): void => this.#closed()
    if (response.destroyed) return closed()
    response.once('close', closed)
    // Behind an earlier request of the same connection a response has no socket yet, and would never hear of its end.
    if (response.socket === null) this.#request.socket.once('close', closed)
  }

  #closed(): void {
    this.#outcome.clientGone()
    if (this.#room.running.delete(this)) this.#room.closed()
  }

  #record(outcome: RequestOutcome, error: EnginehouseError | null, status: number | null): void {
    const { metrics, log, access } = this.#room
    const { id, requestId, route, model } = this.#demand
    const totalMs = this.#room.now() - this.#begun
    const firstByteMs = this.#firstByte === null ? null : this.#firstByte - this.#begun
    const firstByteSeconds = firstByteMs === null ? null : firstByteMs / 1000
    metrics.requestEnded({ model: model.id, route, outcome, seconds: totalMs / 1000, firstByteSeconds })
    if (this.#usage !== null) metrics.tokensUsed(model.id, this.#usage)
    if (this.#client !== null) {
      access.write({
        request: id,
        clientRequest: requestId === id ? null : requestId,
        method: this.#request.method ?? '',
        route,
        model: model.id,
        instance: this.instance,
        status,
        outcome,
        bytes: this.#relay?.bytes ?? null,
        queueMs: this.#lease?.queued ?? null,
        coldStartMs: this.#lease?.coldStart ?? null,
        firstByteMs,
        totalMs,
        usage: this.#usage,
        code: error?.code ?? null,
        client: this.#client,
        agent: this.#request.headers['user-agent'],
      })
    }
    if (outcome !== 'engine_error' && outcome !== 'failed') return
    const facts = { request: id, client_request: requestId, model: model.id, instance: this.instance, route, outcome }
    log.warn({ ...facts, code: error?.code }, error?.message ?? 'The engine answered with an error.')
  }
}

function ignore(): void {}
