import type { Millis, ModelName, ModelView } from '../core/index.ts'
import type { Protocol } from './protocols.ts'

/** When a client that waits for a stream hears that it is not forgotten. Tests set their own. */
export interface HeartbeatTimes {
  /** Of silence, in which a refusal still has its status. */
  readonly after: Millis
  readonly every: Millis
}

/**
 * Signs of life while a stream has no engine yet. They need no look at the load: one that does not move, and a wait
 * that takes too long, are ended by the supervisor (`load.stall`, `server.queue_timeout`), and with them the request.
 */
export class Heartbeat {
  readonly #times: HeartbeatTimes
  readonly #beat: () => void
  #timer: NodeJS.Timeout | null = null

  constructor(times: HeartbeatTimes, beat: () => void) {
    this.#times = times
    this.#beat = beat
  }

  start(): void {
    this.#timer ??= setTimeout(() => this.#next(), this.#times.after)
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #next(): void {
    this.#timer = setTimeout(() => this.#next(), this.#times.every)
    this.#beat()
  }
}

/** In a form that the protocol's clients take: Anthropic's wait for events, which those of OpenAI would stumble over. */
export function signOfLife(protocol: Protocol, state: string): string {
  return protocol === 'messages' ? 'event: ping\ndata: {"type":"ping"}\n\n' : comment(state)
}

/** All clients skip it. `text`: one line. */
export function comment(text: string): string {
  return `: ${text}\n\n`
}

/** `chat is loading (weights), 43 %`: what its engine told. Its words are one line, as they are of a log. */
export function waitingFor(model: ModelName, view: ModelView | undefined): string {
  if (view === undefined || view.status === 'loaded') return `${model} is busy`
  if (view.phase === 'waiting') return `${model} waits for memory`
  if (view.status === 'downloading') return `${model} is being fetched`
  const { step = null, progress = null } = view.instance ?? {}
  const at = step === null ? '' : ` (${step})`
  const share = progress === null ? '' : `, ${Math.round(progress * 100)} %`
  return `${model} is loading${at}${share}`
}
