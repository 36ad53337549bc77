import type { Instant } from '../core/index.ts'

/** Spans of time among the keys of evidence; on the wire they say their unit. */
const DURATIONS: ReadonlySet<string> = new Set(['idleFor', 'loadTime', 'took', 'ttl', 'waited', 'window'])

/** Instants by name, beside every key that ends in `At`. */
const INSTANTS: ReadonlySet<string> = new Set(['at', 'deadline', 'until'])

/**
 * Evidence as the native API writes it: snake_case keys, instants as ISO 8601, spans with `_ms`, all else as it is.
 * Works on plain data only, which is what evidence is.
 */
export function toWire(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(toWire)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => wireEntry(key, inner)))
}

function wireEntry(key: string, value: unknown): [string, unknown] {
  const isNumber = typeof value === 'number'
  if (isNumber && (INSTANTS.has(key) || key.endsWith('At'))) return [snake(key), iso(value)]
  if (isNumber && DURATIONS.has(key)) return [`${snake(key)}_ms`, value]
  return [snake(key), toWire(value)]
}

/** ISO 8601 in UTC with milliseconds. */
export function iso(at: Instant): string {
  return new Date(at).toISOString()
}

export function isoOrNull(at: Instant | null): string | null {
  return at === null ? null : iso(at)
}

function snake(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}
