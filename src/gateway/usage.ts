import type { TokenUsage } from '../telemetry/index.ts'

const USAGE = Buffer.from('"usage":{')
const QUOTE = 0x22
const CLOSE = 0x7d
const NEWLINE = 0x0a
/** What is read after a hit: engines write the object's integers within this. */
const WINDOW = 512

/**
 * Finds the engine's own count of tokens in an answer that passes by in pieces: one search per piece is all that a
 * stream costs. Only where a piece ends inside the word or inside its object is that end kept for the next one.
 */
export class UsageFinder {
  #begun: Buffer | null = null

  /** The count whose end is in this piece; null without one. */
  look(piece: Buffer): TokenUsage | null {
    const text = this.#begun === null ? piece : Buffer.concat([this.#begun, piece])
    this.#begun = null
    if (text.indexOf(USAGE) < 0) {
      this.#begun = beginningOfWord(text)
      return null
    }
    // Some engines count with every token: the last one holds.
    const at = text.lastIndexOf(USAGE)
    if (text.length - at < WINDOW && text.indexOf(CLOSE, at) < 0) {
      this.#begun = Buffer.from(text.subarray(at))
      return null
    }
    return read(text.toString('latin1', at, at + WINDOW))
  }
}

function read(text: string): TokenUsage | null {
  const input = /"prompt_tokens":\s*(\d{1,12})/.exec(text)
  const output = /"completion_tokens":\s*(\d{1,12})/.exec(text)
  if (input === null && output === null) return null
  return { input: Number(input?.[1] ?? 0), output: Number(output?.[1] ?? 0) }
}

/** The end of `text` where it may be the beginning of the word. Events end with a line break, so mostly none is. */
function beginningOfWord(text: Buffer): Buffer | null {
  if (text[text.length - 1] === NEWLINE) return null
  const from = Math.max(0, text.length - USAGE.length + 1)
  for (let at = text.indexOf(QUOTE, from); at >= 0; at = text.indexOf(QUOTE, at + 1)) {
    if (text.compare(USAGE, 0, text.length - at, at) === 0) return Buffer.from(text.subarray(at))
  }
  return null
}
