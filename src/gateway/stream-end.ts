import type { Protocol } from './protocols.ts'

/** Enough for the last event of a stream that ends with a short one. */
const TAIL = 64

/** What is at the very end of a whole stream. */
const LAST: Readonly<Record<Exclude<Protocol, 'responses'>, RegExp>> = {
  openai: /\[DONE\]\s*$/,
  messages: /"type":\s*"message_stop"\s*\}\s*$/,
}
/** Its last event holds all of the answer, so that its name is long gone when it ends. */
const LAST_RESPONSE = /(?:^|\n)event: ?response\.(?:completed|incomplete|failed)\r?\n/

/** Whether an event stream that ends with its connection is whole: only its content can tell. */
export class StreamEnd {
  readonly #protocol: Protocol
  #tail = ''
  #lastSeen = false

  constructor(protocol: Protocol) {
    this.#protocol = protocol
  }

  take(piece: Buffer): void {
    const text = this.#tail + piece.toString('latin1')
    this.#lastSeen ||= this.#protocol === 'responses' && LAST_RESPONSE.test(text)
    this.#tail = text.slice(-TAIL)
  }

  get whole(): boolean {
    if (this.#protocol === 'responses') return this.#lastSeen && this.#tail.endsWith('\n')
    return LAST[this.#protocol].test(this.#tail)
  }
}
