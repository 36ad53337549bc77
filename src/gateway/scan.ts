import { MAX_DEPTH } from './limits.ts'

/** Half-open byte range in the body. */
export interface Range {
  readonly start: number
  readonly end: number
}

/** A JSON object's own keys that were looked for, with where their values stand. The last of equal keys wins, as in every parser. */
export interface Scan {
  readonly values: ReadonlyMap<string, Range>
  /** Position after the opening brace, where a member can be inserted. */
  readonly inside: number
  /** No member at all. */
  readonly empty: boolean
}

/** What is wrong, ending a sentence without its full stop. */
export type ScanProblem = string

const QUOTE = 0x22
const BACKSLASH = 0x5c
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d
const OPEN_BRACKET = 0x5b
const CLOSE_BRACKET = 0x5d
const COMMA = 0x2c
const COLON = 0x3a
const SPACE = 0x20
/** Bytes that are looked at one by one before `indexOf` (fast, but 25 ns a call) takes over in a string. */
const SHORT_STRING = 24

/**
 * Finds top-level members of a JSON object without building it: one walk over the bytes, strings jumped over.
 * Checks the structure (brackets, strings, separators at the top), not every value.
 */
export function scan(buffer: Buffer, wanted: Pick<ReadonlySet<string>, 'has'>): Scan | ScanProblem {
  if (buffer.length === 0) return 'it is empty'
  if (buffer[0] === 0xef && buffer[1] === 0xbb && buffer[2] === 0xbf) return 'it begins with a byte order mark'
  let at = skipSpace(buffer, 0)
  if (buffer[at] !== OPEN_BRACE) return `it does not begin with { (byte ${at})`
  const inside = at + 1
  const values = new Map<string, Range>()
  at = skipSpace(buffer, inside)
  const empty = buffer[at] === CLOSE_BRACE
  if (empty) return endsAt(buffer, at + 1) ?? { values, inside, empty }
  for (;;) {
    if (buffer[at] !== QUOTE) return `a key should stand at byte ${at}`
    const keyEnd = skipString(buffer, at)
    if (keyEnd < 0) return `the string at byte ${at} does not end`
    const key = readKey(buffer, at, keyEnd)
    if (key === null) return `the key at byte ${at} is not valid`
    at = skipSpace(buffer, keyEnd)
    if (buffer[at] !== COLON) return `a colon should stand at byte ${at}`
    const start = skipSpace(buffer, at + 1)
    const end = skipValue(buffer, start)
    if (typeof end === 'string') return end
    if (wanted.has(key)) values.set(key, { start, end })
    at = skipSpace(buffer, end)
    if (buffer[at] === CLOSE_BRACE) return endsAt(buffer, at + 1) ?? { values, inside, empty }
    if (buffer[at] !== COMMA) return `a comma or } should stand at byte ${at}`
    at = skipSpace(buffer, at + 1)
  }
}

/** The text of a JSON string at `range`, quotes included in the range; null when it is no valid string. */
export function readString(body: Buffer, range: Range): string | null {
  if (body[range.start] !== QUOTE) return null
  return readKey(body, range.start, range.end)
}

function endsAt(buffer: Buffer, at: number): ScanProblem | null {
  const rest = skipSpace(buffer, at)
  return rest === buffer.length ? null : `something follows the object at byte ${rest}`
}

function skipSpace(buffer: Buffer, from: number): number {
  let at = from
  for (let byte = buffer[at]; byte === SPACE || byte === 0x0a || byte === 0x0d || byte === 0x09; byte = buffer[at]) at++
  return at
}

/** Position after the closing quote of the string that opens at `from`; -1 when it does not end. */
function skipString(buffer: Buffer, from: number): number {
  let at = from + 1
  for (;;) {
    const soon = Math.min(at + SHORT_STRING, buffer.length)
    while (at < soon && buffer[at] !== QUOTE && buffer[at] !== BACKSLASH) at++
    if (at < soon) {
      if (buffer[at] === QUOTE) return at + 1
      // The byte after a backslash is never an end, whatever it is.
      at += 2
      continue
    }
    const quote = buffer.indexOf(QUOTE, at)
    if (quote < 0) return -1
    let escapes = 0
    while (quote - 1 - escapes >= at && buffer[quote - 1 - escapes] === BACKSLASH) escapes++
    if (escapes % 2 === 0) return quote + 1
    at = quote + 1
  }
}

/** Position after the value that begins at `from`, or what is wrong with it. */
function skipValue(buffer: Buffer, from: number): number | ScanProblem {
  const first = buffer[from]
  if (first === QUOTE) {
    const end = skipString(buffer, from)
    return end < 0 ? `the string at byte ${from} does not end` : end
  }
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return skipNested(buffer, from)
  let at = from
  for (let byte = buffer[at]; byte !== undefined && isLiteral(byte); byte = buffer[at]) at++
  return at === from ? `a value should stand at byte ${from}` : at
}

/** Bytes of numbers, `true`, `false` and `null`. */
function isLiteral(byte: number): boolean {
  return (
    (byte >= 0x30 && byte <= 0x39) ||
    (byte >= 0x61 && byte <= 0x7a) ||
    byte === 0x2d ||
    byte === 0x2b ||
    byte === 0x2e ||
    byte === 0x45
  )
}

function skipNested(buffer: Buffer, from: number): number | ScanProblem {
  /* One bit of each level would do; the cap makes an array of closers as good. */
  const closers: number[] = []
  let at = from
  while (at < buffer.length) {
    const byte = buffer[at]
    if (byte === QUOTE) {
      const end = skipString(buffer, at)
      if (end < 0) return `the string at byte ${at} does not end`
      at = end
      continue
    }
    if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      // The object itself is the first level.
      if (closers.length + 2 > MAX_DEPTH) return `it nests deeper than ${MAX_DEPTH} levels (byte ${at})`
      closers.push(byte === OPEN_BRACE ? CLOSE_BRACE : CLOSE_BRACKET)
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) {
      if (closers.pop() !== byte) return `the bracket at byte ${at} closes nothing`
      if (closers.length === 0) return at + 1
    }
    at++
  }
  return `the bracket at byte ${from} does not close`
}

function readKey(buffer: Buffer, start: number, end: number): string | null {
  const text = buffer.toString('utf8', start + 1, end - 1)
  if (!text.includes('\\')) return text
  try {
    return JSON.parse(`"${text}"`) as string
  } catch {
    return null
  }
}
