import type { Instant } from '../core/index.ts'
import { EnginehouseError, parseDuration } from '../core/index.ts'

/**
 * The query string as one text per key. Throws parameter_invalid for a key that the route does not take and for one
 * that comes twice.
 */
export function readQuery<K extends string>(query: unknown, keys: readonly K[]): Partial<Record<K, string>> {
  const given: Partial<Record<K, string>> = {}
  for (const [key, value] of Object.entries(query ?? {})) {
    const known = keys.find((candidate) => candidate === key)
    if (known === undefined) {
      throw new EnginehouseError('parameter_invalid', {
        param: key,
        expected: `left out: this route takes ${keys.length ? keys.join(', ') : 'no parameters'}`,
      })
    }
    if (typeof value !== 'string') {
      throw new EnginehouseError('parameter_invalid', { param: key, expected: 'given once' })
    }
    given[known] = value
  }
  return given
}

export function readFlag(param: string, text: string | undefined, absent: 'true' | 'false'): boolean {
  const value = text ?? absent
  if (value !== 'true' && value !== 'false') {
    throw new EnginehouseError('parameter_invalid', { param, expected: 'true or false' })
  }
  return value === 'true'
}

/** A whole number from 0 to `most`; undefined where it was not given. */
export function readCount(param: string, text: string | undefined, most: number): number | undefined {
  if (text === undefined) return undefined
  const count = /^\d{1,9}$/.test(text) ? Number(text) : Number.NaN
  if (!(count <= most)) {
    throw new EnginehouseError('parameter_invalid', { param, expected: `a whole number, at most ${most}` })
  }
  return count
}

/** A moment: ISO 8601, or how long ago (`10m`). */
export function readMoment(param: string, text: string | undefined, now: Instant): Instant | undefined {
  if (text === undefined) return undefined
  const ago = parseDuration(text)
  if (ago !== undefined) return now - ago
  const at = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : Number.NaN
  if (Number.isNaN(at)) {
    throw new EnginehouseError('parameter_invalid', {
      param,
      expected: 'a duration such as 10m or a time such as 2026-01-31T14:03:00Z',
    })
  }
  return at
}
