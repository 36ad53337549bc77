import type { IncomingHttpHeaders, ServerResponse } from 'node:http'
import type { Dispatcher } from 'undici'
import { EnginehouseError } from '../core/index.ts'
import type { AnswerTimeouts, Bytes, Millis, ModelName } from '../core/index.ts'
import type { TokenUsage } from '../telemetry/index.ts'
import { AnswerDeadline } from './answer-deadline.ts'
import type { PassedLimit } from './answer-deadline.ts'
import { answerHeaders, kindOf } from './answer.ts'
import type { AnswerKind } from './answer.ts'
import { UnreadableAnswer } from './dialects/dialect.ts'
import type { AnswerTranslation } from './dialects/dialect.ts'
import { wholeHead } from './gathering/index.ts'
import type { Gathering } from './gathering/index.ts'
import { MAX_HELD } from './limits.ts'
import type { Outcome } from './outcome.ts'
import { engineErrorEvent, engineErrors } from './protocols.ts'
import type { Protocol } from './protocols.ts'
import { StreamEnd } from './stream-end.ts'
import type { Upstream, UpstreamOrder } from './upstream.ts'
import { UsageFinder } from './usage.ts'

/** Reason of every abort of ours; its stack would say nothing. */
const GIVEN_UP = new Error('the request was given up')
/**
 * What is said for an engine's 501, which is how llama-server refuses what its model lacks: clients send every 5xx
 * again, and this one stays.
 */
const NOT_IMPLEMENTED = 400

export interface RelayOptions {
  readonly upstream: Upstream
  readonly order: UpstreamOrder
  readonly response: ServerResponse
  readonly outcome: Outcome
  readonly model: ModelName
  readonly ownHeaders: readonly string[]
  /** A client that takes nothing for this long is cut. */
  readonly stalledReader: Millis
  /** Null: the engine may take its time. */
  readonly timeouts: AnswerTimeouts | null
  /** Milliseconds of a clock that only moves forward. */
  readonly now: () => Millis
  /** Null: the engine's bytes are the client's. */
  readonly translation: AnswerTranslation | null
  /** Not null: the engine was asked for a stream, and the client for none. */
  readonly gathering: Gathering | null
  readonly protocol: Protocol
  readonly requestId: string
  readonly watcher: RelayWatcher
}

export interface RelayWatcher {
  /** The first byte of the answer's body came. */
  firstByte(): void
  used(usage: TokenUsage): void
  /** The engine was not reached, so it has begun nothing. True when the watcher takes the request over. */
  unreached(): boolean
}

/**
 * Carries one answer from an engine to a client, byte for byte. Nothing is allocated per piece: at thousands of
 * tokens a second that is what a stream costs.
 */
export class Relay implements Dispatcher.DispatchHandler {
  readonly #options: RelayOptions
  /** Of the engine's answer, as far as it came. */
  bytes: Bytes = 0
  #controller: Dispatcher.DispatchController | null = null
  /** The socket had carried a request before: the engine may have closed it while ours was on its way. */
  #reused = false
  #retried = false
  /** Any byte of an answer was seen. */
  #answered = false
  #bodyBegun = false
  #status = 0
  /** Pieces of an answer that must be whole before any of it is passed on. */
  #held: Buffer[] | null = null
  #heldBytes = 0
  #headers: string[] = []
  /** Of an unframed stream; null for others. */
  #end: StreamEnd | null = null
  #stall: NodeJS.Timeout | null = null
  #stalled = false
  #deadline: AnswerDeadline | null = null
  #abandoned = false
  /** Set once the answer turned out to be one that is translated. */
  #translation: AnswerTranslation | null = null
  /** Set once the answer turned out to be a stream that is gathered. */
  #gathering: Gathering | null = null
  readonly #usage = new UsageFinder()

  constructor(options: RelayOptions) {
    this.#options = options
  }

  start(): void {
    const { timeouts, now } = this.#options
    if (timeouts !== null) {
      this.#deadline = new AnswerDeadline({
        timeouts,
        now,
        held: () => this.#stalled,
        passed: (limit, after) => this.#tooLate(limit, after),
      })
    }
    this.#options.upstream.dispatch(this.#options.order, this)
  }

  /** Cancels the engine's work, in whatever phase it is. Before the request is written there is nothing to cancel yet. */
  stop(): void {
    this.#stopTimers()
    this.#controller?.abort(GIVEN_UP)
  }

  /** The request is being written, or was: the engine may have begun with it. */
  get sent(): boolean {
    return this.#controller !== null
  }

  /** Stops, and says nothing more to anybody. */
  abandon(): void {
    this.#abandoned = true
    this.stop()
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller
    const { client } = this.#options.order
    if (client !== null) this.#reused = client.carried++ > 0
    if (this.#over) controller.abort(GIVEN_UP)
  }

  onResponseStarted(): void {
    this.#answered = true
  }

  onResponseStart(_: Dispatcher.DispatchController, said: number, headers: IncomingHttpHeaders): void {
    // Early hints and the like are between the engine and us.
    if (said < 200 || this.#over) return
    const status = said === 501 ? NOT_IMPLEMENTED : said
    const kind = kindOf(status, headers)
    if (status === 401) return this.#fail('engine_protocol', 'it refused the key that it was started with.')
    if (status >= 400 && !kind.stream && (!kind.json || kind.empty)) return this.#refused(status)
    this.#status = status
    if (this.#isTooLate(status, kind)) return this.#late(status)
    this.#translation = this.#translationOf(status, kind)
    const isOurs = this.#translation !== null
    if (kind.stream && this.#options.gathering !== null) {
      this.#gathering = this.#options.gathering
      const own = { ...kind, stream: false, unframed: true }
      this.#headers = answerHeaders(wholeHead(headers), this.#options.ownHeaders, own)
      return
    }
    this.#headers = answerHeaders(headers, this.#options.ownHeaders, isOurs ? { ...kind, unframed: true } : kind)
    if (kind.unframed && !kind.stream && !kind.json)
      return this.#fail('engine_protocol', 'it has neither a length nor chunks, so that nobody can tell its end.')
    if ((kind.unframed || isOurs) && !kind.stream) {
      this.#held = []
      return
    }
    if (kind.unframed && !isOurs) this.#end = new StreamEnd(this.#options.protocol)
    this.#options.outcome.begin(kind.stream ? 'stream' : 'body', status, this.#headers)
  }

  onResponseData(controller: Dispatcher.DispatchController, piece: Buffer): void {
    if (this.#over) return
    const { response, watcher } = this.#options
    if (!this.#bodyBegun) {
      this.#bodyBegun = true
      watcher.firstByte()
    }
    this.bytes += piece.length
    this.#deadline?.byte()
    const usage = this.#usage.look(piece)
    if (usage !== null) watcher.used(usage)
    const gathering = this.#gathering
    if (gathering !== null) return void this.#read(() => gathering.take(piece))
    if (this.#held !== null) return this.#hold(this.#held, piece)
    this.#end?.take(piece)
    const bytes = this.#translation === null ? piece : this.#translated((translation) => translation.piece(piece))
    // An empty chunk would be the end of the body.
    if (bytes !== null && bytes.length > 0 && !response.write(bytes)) {
      controller.pause()
      this.#watchReader()
    }
  }

  onResponseEnd(): void {
    if (this.#over) return
    if (this.#gathering !== null) return this.#passGathered(this.#gathering)
    if (this.#held !== null) return this.#passHeld(this.#held)
    if (this.#end?.whole === false) return this.#truncated()
    if (this.#translation !== null) return this.#endTranslated()
    this.#complete()
  }

  onResponseError(_: unknown, error: Error): void {
    if (this.#over) return
    if (this.#reused && !this.#answered && !this.#retried) {
      // The engine closed an idle connection just as we wrote to it: it has not begun, so asking again is not asking twice.
      this.#retried = true
      this.#controller = null
      this.#options.upstream.dispatchFresh(this.#options.order, this)
      return
    }
    if (isRefusedConnection(error) && this.#options.watcher.unreached()) return
    if (isProtocolError(error)) return this.#fail('engine_protocol', `${error.message}.`)
    if (this.#answered) return this.#truncated()
    this.#fail('engine_crashed', 'its connection was closed or refused.')
  }

  get #over(): boolean {
    return this.#abandoned || this.#options.outcome.settled !== null
  }

  #translationOf(status: number, kind: AnswerKind): AnswerTranslation | null {
    if (status < 300) return this.#options.translation
    if (status < 400 || kind.stream) return null
    return engineErrors(this.#options.protocol, status, this.#options.requestId)
  }

  #complete(): void {
    this.#stopTimers()
    this.#options.outcome.complete(this.#status >= 500 ? 'engine_error' : 'complete')
  }

  #stopTimers(): void {
    if (this.#stall !== null) clearTimeout(this.#stall)
    this.#deadline?.stop()
  }

  #tooLate(limit: PassedLimit, after: Millis): void {
    const { outcome, model } = this.#options
    // An answer that takes too long in all says nothing of its engine.
    const failure = { outcome: limit === 'total' ? 'engine_error' : 'stalled' } as const
    outcome.fail(new EnginehouseError('engine_timeout', { model, limit, after }), failure)
  }

  #hold(held: Buffer[], piece: Buffer): void {
    this.#heldBytes += piece.length
    if (this.#heldBytes > MAX_HELD)
      return this.#fail('engine_protocol', 'it is too large to be held until it is whole.')
    held.push(piece)
  }

  /** An error that came late is what a plain request would have got: its status is in it. */
  #passGathered(gathering: Gathering): void {
    const gathered = this.#read(() => gathering.end())
    if (this.#over) return
    if (gathered === null) return this.#truncated()
    this.#status = gathered.status
    if (gathered.status >= 300)
      this.#translation = engineErrors(this.#options.protocol, gathered.status, this.#options.requestId)
    this.#passWhole(Buffer.from(gathered.body))
  }

  /** A body that had to be seen whole: an unframed one is when it parses, and a translated one is another. */
  #passHeld(held: Buffer[]): void {
    const whole = Buffer.concat(held)
    if (this.#options.outcome.early === 'stream') return this.#passError(whole)
    if (this.#translation === null && !isJson(whole)) return this.#truncated()
    this.#passWhole(whole)
  }

  #passWhole(whole: Buffer): void {
    if (this.#options.outcome.early === 'body' && this.#status >= 300) return this.#late(this.#status)
    const body = this.#translation === null ? whole : this.#translated((translation) => translation.whole(whole))
    if (body === null) return
    this.#headers.push('content-length', String(Buffer.byteLength(body)))
    this.#options.outcome.begin('body', this.#status, this.#headers)
    this.#options.response.write(body)
    this.#complete()
  }

  /** Behind a head that went out while the client waited, only what it was told of can follow. */
  #isTooLate(status: number, kind: AnswerKind): boolean {
    const { early } = this.#options.outcome
    if (early === null) return false
    return early === 'stream' ? !kind.stream : status >= 300 || !(kind.json || this.#options.gathering !== null)
  }

  /** Of a stream an error can still be told. A client whose body breaks off asks again, and gets the error then. */
  #late(status: number): void {
    const { outcome } = this.#options
    if (outcome.early === 'body') return outcome.failWith(null, status >= 500 ? 'engine_error' : 'complete')
    if (status < 400) return this.#fail('engine_protocol', 'it is no stream, though one was asked for.')
    this.#held = []
  }

  #passError(body: Buffer): void {
    const { outcome, protocol, requestId } = this.#options
    const event = this.#read(() => engineErrorEvent(protocol, this.#status, body, requestId))
    if (event !== null) outcome.failWith(event, this.#status >= 500 ? 'engine_error' : 'complete')
  }

  /** Null when the engine's answer cannot be read: the request has failed then. */
  #translated(read: (translation: AnswerTranslation) => string | null): string | null {
    const translation = this.#translation
    return translation === null ? null : this.#read(() => read(translation))
  }

  #read<Result>(read: () => Result): Result | null {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof UnreadableAnswer)) throw error
      this.#fail('engine_protocol', `${error.message}.`)
      return null
    }
  }

  #endTranslated(): void {
    const rest = this.#translated((translation) => translation.end())
    if (this.#over) return
    if (rest === null) return this.#truncated()
    if (rest !== '') this.#options.response.write(rest)
    this.#complete()
  }

  #truncated(): void {
    this.#fail('engine_crashed', 'its answer was cut off.')
  }

  #fail(code: 'engine_crashed' | 'engine_protocol', detail: string): void {
    const { outcome, model } = this.#options
    outcome.fail(new EnginehouseError(code, { model, detail }), { outcome: 'engine_error' })
  }

  /** An engine's error that says nothing in a form that clients read. */
  #refused(status: number): void {
    const { outcome, model } = this.#options
    const error = new EnginehouseError('engine_refused', { model, status })
    outcome.fail(error, { outcome: status >= 500 ? 'engine_error' : 'complete', status })
  }

  /**
   * The client does not keep up, so the engine is paused: what we hold is one piece and the socket's buffer. One timer
   * per request is set again at each pause; most streams never have one.
   */
  #watchReader(): void {
    this.#stalled = true
    if (this.#stall !== null) {
      this.#stall.refresh()
      return
    }
    this.#options.response.on('drain', () => {
      this.#stalled = false
      this.#deadline?.byte()
      this.#controller?.resume()
    })
    this.#stall = setTimeout(() => {
      if (this.#stalled) this.#options.outcome.clientGone()
    }, this.#options.stalledReader)
  }
}

/** Nobody listens there, or no longer: not one byte of the request has left. */
function isRefusedConnection(error: Error): boolean {
  return 'code' in error && (error.code === 'ECONNREFUSED' || error.code === 'ENOENT')
}

/** Bytes that are no HTTP, as against bytes that are missing: the parser names both by its class alone. */
function isProtocolError(error: Error): boolean {
  if (error.name === 'HTTPParserError') return !error.message.includes('EOF')
  return error.name === 'HeadersOverflowError'
}

function isJson(body: Buffer): boolean {
  try {
    JSON.parse(body.toString('utf8'))
    return true
  } catch {
    return false
  }
}
