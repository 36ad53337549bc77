import type { IncomingHttpHeaders } from 'node:http'
import type { Millis, ModelName, ModelView } from '../core/index.ts'
import type { Protocol } from './protocols.ts'

/** Above this Node's timers fire at once. */
const LONGEST_TIMER: Millis = 2 ** 31 - 1

/** When a client that waits hears that it is not forgotten. Tests set their own. */
export interface HeartbeatTimes {
  /** Of silence, in which a refusal still has its status. */
  readonly after: Millis
  readonly every: Millis
}

/** `events`: in the words of the protocol; `padding`: by blanks before a JSON answer; `silence`: not at all. */
export type Waits = 'events' | 'padding' | 'silence'

/** What JSON may begin with. */
export const PADDING = '\n'
/** In which OpenAI's and Anthropic's libraries say how many seconds of silence they bear. */
const PATIENCE = ['x-stainless-read-timeout', 'x-stainless-timeout'] as const
/** Of its patience is over when a client that wants no stream hears of its wait. */
const SHARE = 3 / 4

/**
 * Null: the client hears nothing. One that wants no stream hears only what keeps it from giving up: behind the first
 * blank an error cannot be told any more, and its connection breaks off instead.
 */
export function timesOf(waits: Waits, sent: IncomingHttpHeaders, usual: HeartbeatTimes): HeartbeatTimes | null {
  if (waits === 'silence') return null
  if (waits === 'events') return usual
  const said = PATIENCE.map((name) => Number(sent[name])).find((seconds) => seconds > 0 && seconds < Infinity)
  if (said === undefined) return null
  const after = Math.min(said * 1000 * SHARE, LONGEST_TIMER)
  return { after, every: Math.min(after, usual.every) }
}

/**
 * Signs of life while an answer has no engine yet. They need no look at the load: one that does not move, and a wait
 * that takes too long, are ended by the supervisor (`load.stall`, `server.queue_timeout`), and with them the request.
 */
export class Heartbeat {
  readonly #times: HeartbeatTimes
  readonly #beat: (nth: number) => void
  #beats = 0
  #timer: NodeJS.Timeout | null = null

  /** `beat` counts from 0. */
  constructor(times: HeartbeatTimes, beat: (nth: number) => void) {
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
    this.#beat(this.#beats++)
  }
}

/** Of Codex: comments do not count for it, and it gives up after five minutes without an event. */
const CODEX = /^codex/i
const EVENT_EVERY = 6

/** In a form that the protocol's clients take: Anthropic's wait for events, which those of OpenAI would stumble over. */
export function signOfLife(protocol: Protocol, state: string, nth: number, agent = ''): string {
  if (protocol === 'messages') return 'event: ping\ndata: {"type":"ping"}\n\n'
  if (protocol === 'openai' || nth % EVENT_EVERY > 0 || !CODEX.test(agent)) return comment(state)
  const event = { type: 'keepalive', sequence_number: nth / EVENT_EVERY }
  return `event: keepalive\ndata: ${JSON.stringify(event)}\n\n`
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
