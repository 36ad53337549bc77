import type { AnswerTimeouts, Millis } from '../core/index.ts'

/** Above this Node's timers fire at once. */
const LONGEST_TIMER: Millis = 2 ** 31 - 1

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
 * The time limits of one answer, from when its engine gets the request. One timer each: a byte only notes the time, and
 * the timer that fires too soon for it is set again, so that a stream pays nothing per token.
 */
export class AnswerDeadline {
  readonly #options: AnswerDeadlineOptions
  readonly #begun: Millis
  #lastByte: Millis | null = null
  #timer: NodeJS.Timeout | null = null

  constructor(options: AnswerDeadlineOptions) {
    this.#options = options
    this.#begun = options.now()
    this.#arm(this.#begun)
  }

  byte(): void {
    const isFirst = this.#lastByte === null
    this.#lastByte = this.#options.now()
    // The timer stands where the first byte was due, which may be far behind the next.
    if (isFirst) this.#arm(this.#lastByte)
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #arm(now: Millis): void {
    this.stop()
    const dues = this.#dues().map(({ due }) => due)
    if (dues.length === 0) return
    // Timers may fire a fraction of a millisecond early.
    const wait = Math.ceil(Math.max(0, Math.min(...dues) - now)) + 1
    this.#timer = setTimeout(() => this.#look(), Math.min(wait, LONGEST_TIMER))
  }

  #look(): void {
    const { now, held, passed } = this.#options
    const at = now()
    if (held() && this.#lastByte !== null) this.#lastByte = at
    const over = this.#dues().find(({ due }) => due <= at)
    if (over === undefined) this.#arm(at)
    else passed(over.limit, over.after)
  }

  #dues(): readonly { readonly limit: PassedLimit; readonly due: Millis; readonly after: Millis }[] {
    const { firstByte, betweenBytes, total } = this.#options.timeouts
    const dues: { limit: PassedLimit; due: Millis; after: Millis }[] = []
    const add = (limit: PassedLimit, from: Millis, after: Millis | null): void => {
      if (after !== null) dues.push({ limit, due: from + after, after })
    }
    if (this.#lastByte === null) add('first_byte', this.#begun, firstByte)
    else add('between_bytes', this.#lastByte, betweenBytes)
    add('total', this.#begun, total)
    return dues
  }
}
