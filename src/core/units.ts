/**
 * Units in types, never in heads. Each alias names what the number counts; the parsers below are the only way from
 * text to one of them, and the formatters write values the way the parsers read them.
 */

/** A count of bytes, an integer. */
export type Bytes = number
/** A span of time in milliseconds. */
export type Millis = number
/** A wall-clock instant: milliseconds since the epoch. */
export type Instant = number
/** A count of tokens, an integer. */
export type Tokens = number

const KIB = 1024
export const MIB: Bytes = KIB * KIB
export const GIB: Bytes = MIB * KIB

const SIZE_UNITS: Readonly<Record<string, number>> = Object.freeze({
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: KIB,
  mib: MIB,
  gib: GIB,
  tib: GIB * KIB,
})

const DURATION_UNITS: Readonly<Record<string, Millis>> = Object.freeze({
  ms: 1,
  s: 1000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
})

/** `24GiB`, `500MB`, `1.5GiB`, or a bare count of bytes. Undefined when the text is not a size. */
export function parseSize(text: string | number): Bytes | undefined {
  const match = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)?$/.exec(String(text).trim())
  if (!match) return undefined
  const factor = SIZE_UNITS[(match[2] ?? 'b').toLowerCase()]
  if (factor === undefined) return undefined
  const value = Math.round(Number(match[1]) * factor)
  return Number.isSafeInteger(value) ? value : undefined
}

/** `500ms`, `90s`, `15m`, `1h`, `1h30m`; a bare number is seconds. Undefined when the text is not a duration. */
export function parseDuration(text: string | number): Millis | undefined {
  const source = String(text).trim()
  if (/^\d+(\.\d+)?$/.test(source)) return bounded(Math.round(Number(source) * 1000))
  if (!/^(\d+(\.\d+)?(ms|s|m|h|d))+$/.test(source)) return undefined
  let total = 0
  for (const [, value, unit] of source.matchAll(/(\d+(?:\.\d+)?)(ms|s|m|h|d)/g)) {
    total += Number(value) * (DURATION_UNITS[unit ?? ''] ?? Number.NaN)
  }
  return bounded(Math.round(total))
}

/** `4096` or `64k` (x 1024). Undefined when the text is not a token count of at least one. */
export function parseTokens(text: string | number): Tokens | undefined {
  const match = /^(\d+)\s*([kK])?$/.exec(String(text).trim())
  if (!match) return undefined
  const value = Number(match[1]) * (match[2] ? 1024 : 1)
  return Number.isSafeInteger(value) && value > 0 ? value : undefined
}

/** `24GiB`, `1.5GiB`, `268MiB`, `12KiB`, `7B`: at most one decimal. */
export function formatBytes(value: Bytes): string {
  for (const [unit, factor] of [
    ['TiB', GIB * KIB],
    ['GiB', GIB],
    ['MiB', MIB],
    ['KiB', KIB],
  ] as const) {
    if (Math.abs(value) >= factor) return `${trimZero((value / factor).toFixed(1))}${unit}`
  }
  return `${value}B`
}

/** `350ms`, `1.2s`, `42s`, `5m`, `1h30m`: two units at most. */
export function formatDuration(value: Millis): string {
  if (value < 1000) return `${Math.round(value)}ms`
  if (value < 10_000) return `${trimZero((value / 1000).toFixed(1))}s`
  const seconds = Math.round(value / 1000)
  if (seconds < 60) return `${seconds}s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return seconds % 60 ? `${minutes}m${seconds % 60}s` : `${minutes}m`
  const hours = Math.floor(minutes / 60)
  if (hours < 24) return minutes % 60 ? `${hours}h${minutes % 60}m` : `${hours}h`
  return hours % 24 ? `${Math.floor(hours / 24)}d${hours % 24}h` : `${Math.floor(hours / 24)}d`
}

function trimZero(text: string): string {
  return text.replace(/\.0$/, '')
}

function bounded(value: number): Millis | undefined {
  return Number.isSafeInteger(value) ? value : undefined
}
