import type { AnswerTimeouts, Millis } from '../core/index.ts'

/** Above this Node's timers fire at once. */
const LONGEST_TIMER: Millis = 2 ** 31 - 1

const NEVER: Millis = Infinity

/** Which limit passed, as the manifest calls it. */
export type PassedLimit = 'first_byte' | 'between_bytes' | 'total'

export interface AnswerDeadlineOptions {
  readonly timeouts: AnswerTimeouts
  /** Milliseconds of a clock that only moves forward. */
  now(): Millis
  /** The client takes nothing at the moment, so the engine cannot give anything. */
  held(): boolean
  /** Called at most once, and never after `stop`. */
  passed(limit: PassedLimit, after: Millis): void
}

/**
 * The time limits of one answer, from when its engine gets the request. One timer each, set once for most: a byte only
 * notes the time, and a timer that fires too soon for it is set again. So a stream pays nothing per token, and a short
 * answer one timer that never fires.
 */
export class AnswerDeadline {
  readonly #options: AnswerDeadlineOptions
  readonly #begun: Millis
  #lastByte: Millis | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(options: AnswerDeadlineOptions) {
    this.#options = options
    this.#begun = options.now()
    const { firstByte, betweenBytes, total } = options.timeouts
    // After the first byte the shorter of the two may rule: looking that early saves setting it again there.
    this.#arm(Math.min(firstByte ?? NEVER, betweenBytes ?? NEVER, total ?? NEVER))
  }

  byte(): void {
    this.#lastByte = this.#options.now()
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #arm(wait: Millis): void {
    this.stop()
    if (wait === NEVER) return
    // Timers may fire a fraction of a millisecond early.
    this.#timer = setTimeout(() => this.#look(), Math.min(Math.ceil(wait) + 1, LONGEST_TIMER))
  }

  #look(): void {
    const { timeouts, now, held, passed } = this.#options
    const at = now()
    if (held() && this.#lastByte !== null) this.#lastByte = at
    const isFirst = this.#lastByte === null
    const after = (isFirst ? timeouts.firstByte : timeouts.betweenBytes) ?? NEVER
    const byteDue = (this.#lastByte ?? this.#begun) + after
    const totalDue = this.#begun + (timeouts.total ?? NEVER)
    if (byteDue <= at) passed(isFirst ? 'first_byte' : 'between_bytes', after)
    else if (totalDue <= at) passed('total', timeouts.total ?? 0)
    else this.#arm(Math.min(byteDue, totalDue, isFirst ? at + (timeouts.betweenBytes ?? NEVER) : NEVER) - at)
  }
}
