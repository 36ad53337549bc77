import type { TokenUsage } from '../telemetry/index.ts'

const USAGE = Buffer.from('"usage":{')
const QUOTE = 0x22
const CLOSE = 0x7d
const NEWLINE = 0x0a
const CACHED = /"cache_(?:read|creation)_input_tokens":\s*(\d{1,12})/g
/** What is read after a hit: engines write the object's integers within this. */
const WINDOW = 512

/**
 * Finds the engine's own count of tokens in an answer that passes by in pieces: one search per piece is all that a
 * stream costs. Only where a piece ends inside the word or inside its object is that end kept for the next one.
 */
export class UsageFinder {
  #begun: Buffer | null = null
  /** Anthropic's streams count the input at their beginning and the output at their end. */
  #last: TokenUsage | null = null

  /** The count whose end is in this piece; null without one. */
  look(piece: Buffer): TokenUsage | null {
    const text = this.#begun === null ? piece : Buffer.concat([this.#begun, piece])
    this.#begun = null
    let at = text.indexOf(USAGE)
    if (at < 0) {
      this.#begun = beginningOfWord(text)
      return null
    }
    // Some engines count with every token: the last one holds.
    let found: TokenUsage | null = null
    while (at >= 0) {
      if (text.length - at < WINDOW && text.indexOf(CLOSE, at) < 0) {
        this.#begun = Buffer.from(text.subarray(at))
        break
      }
      const next = text.indexOf(USAGE, at + USAGE.length)
      const end = next < 0 ? at + WINDOW : Math.min(next, at + WINDOW)
      found = this.#last = read(text.toString('latin1', at, end), this.#last) ?? this.#last
      at = next
    }
    return found
  }
}

/** In OpenAI's words or in those of Responses and Messages; of the latter the input is what no cache held. */
function read(text: string, before: TokenUsage | null): TokenUsage | null {
  const input = /"(?:prompt|input)_tokens":\s*(\d{1,12})/.exec(text)
  const output = /"(?:completion|output)_tokens":\s*(\d{1,12})/.exec(text)
  if (input === null && output === null) return null
  let cached = 0
  if (input !== null) for (const [, count] of text.matchAll(CACHED)) cached += Number(count)
  return {
    input: input === null ? (before?.input ?? 0) : Number(input[1]) + cached,
    output: output === null ? (before?.output ?? 0) : Number(output[1]),
  }
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
