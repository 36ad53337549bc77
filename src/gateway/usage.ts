import type { TokenUsage } from '../telemetry/index.ts'

const USAGE = Buffer.from('"usage":{')
/** What is read after a hit: engines write the object's integers within this. */
const WINDOW = 512

/**
 * The engine's own count of tokens, when this piece of an answer carries it. One search per piece is all that a
 * stream costs us; a count that an engine splits over two pieces is not counted.
 */
export function findUsage(piece: Buffer): TokenUsage | null {
  const at = piece.indexOf(USAGE)
  if (at < 0) return null
  const text = piece.toString('latin1', at, at + WINDOW)
  const input = /"prompt_tokens":\s*(\d{1,12})/.exec(text)
  const output = /"completion_tokens":\s*(\d{1,12})/.exec(text)
  if (input === null && output === null) return null
  return { input: Number(input?.[1] ?? 0), output: Number(output?.[1] ?? 0) }
}
