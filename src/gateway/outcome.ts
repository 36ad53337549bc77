import type { ServerResponse } from 'node:http'
import type { EnginehouseError } from '../core/index.ts'
import type { RequestOutcome } from '../telemetry/index.ts'
import { statusOf } from './protocols.ts'
import { errorEvent, refuse } from './refusal.ts'
import type { Hearer } from './refusal.ts'

export interface OutcomeObserver {
  /** Called once, before the client can see the outcome. `status`: what it gets; null where it left before. */
  settled(outcome: RequestOutcome, error: EnginehouseError | null, status: number | null): void
}

export interface Failure {
  readonly outcome: Exclude<RequestOutcome, 'client_gone'>
  /** The engine's own status, where that is kept. */
  readonly status?: number
}

/**
 * What a request comes to, once: a whole answer; or one error response; or, when an answer has begun, one error event
 * (streams) and a cut connection. Whatever comes second does nothing.
 *
 *   begun     fail() gives the client
 *   no        an error response
 *   stream    an error event, then the connection is cut
 *   body      the connection is cut: nothing that is put into half a body could be told from it
 */
export class Outcome {
  readonly #response: ServerResponse
  readonly #hearer: Hearer
  readonly #observer: OutcomeObserver
  #settled: RequestOutcome | null = null
  #begun: 'no' | 'stream' | 'body' = 'no'
  #early: 'stream' | 'body' | null = null

  constructor(response: ServerResponse, hearer: Hearer, observer: OutcomeObserver) {
    this.#response = response
    this.#hearer = hearer
    this.#observer = observer
  }

  get settled(): RequestOutcome | null {
    return this.#settled
  }

  /** What the client was told to expect before there was an answer; null where it was told nothing. */
  get early(): 'stream' | 'body' | null {
    return this.#early
  }

  /** The answer's head is on its way, where it is not out already; from here on an error cannot have a status. */
  begin(kind: 'stream' | 'body', status: number, headers: string[]): void {
    if (this.#begun !== 'no') return
    this.#begun = kind
    this.#response.writeHead(status, headers)
    // A stream's head is news by itself: some clients limit the time to it, not to the first token.
    if (kind === 'stream') this.#response.flushHeaders()
  }

  /** The answer is whole. `engine_error`: it is the engine's own error. */
  complete(outcome: 'complete' | 'engine_error'): void {
    if (this.#settle(outcome, null, this.#response.statusCode)) this.#response.end()
  }

  /** Something for the client before the engine's answer: what it takes for no part of it. */
  beat(kind: 'stream' | 'body', headers: string[], text: string): void {
    if (this.#settled !== null) return
    this.begin(kind, 200, headers)
    this.#early = kind
    if (!this.#response.writableNeedDrain) this.#response.write(text)
  }

  /** The engine's own error behind an early head: the last event of a stream, or nothing that could be said. */
  failWith(event: string | null, outcome: 'complete' | 'engine_error'): void {
    const response = this.#response
    if (!this.#settle(outcome, null, response.statusCode)) return
    if (event === null) cut(response)
    else response.write(event, () => cut(response))
  }

  fail(error: EnginehouseError, { outcome, status }: Failure): void {
    const response = this.#response
    const given = this.#begun === 'no' ? (status ?? statusOf(error, this.#hearer.protocol)) : response.statusCode
    if (!this.#settle(outcome, error, given)) return
    if (this.#begun === 'no') {
      const close = error.code === 'shutting_down'
      refuse(response, error, { ...this.#hearer, close, ...(status === undefined ? {} : { status }) })
    } else if (this.#begun === 'stream' && !response.writableNeedDrain) {
      response.write(errorEvent(error, this.#hearer), () => cut(response))
    } else {
      cut(response)
    }
  }

  /** The client left, or was cut for not reading. */
  clientGone(): void {
    const response = this.#response
    if (this.#settle('client_gone', null, response.headersSent ? response.statusCode : null)) response.destroy()
  }

  #settle(outcome: RequestOutcome, error: EnginehouseError | null, status: number | null): boolean {
    if (this.#settled !== null) return false
    this.#settled = outcome
    this.#observer.settled(outcome, error, status)
    return true
  }
}

/**
 * Ends a connection in the middle of a body so that nobody can take it for the end. HTTP/1.1 shows that by the missing
 * last chunk; an HTTP/1.0 body ends with its connection, so only a reset tells.
 */
function cut(response: ServerResponse): void {
  const { socket } = response
  if (response.req.httpVersionMinor === 0 && socket !== null && socket.remoteAddress !== undefined)
    socket.resetAndDestroy()
  response.destroy()
}
