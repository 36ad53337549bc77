import { EnginehouseError } from '../../core/index.ts'
import { scan } from '../scan.ts'

const EVERY = { has: () => true }

/** The members of a JSON object as they were written, so that what is passed on keeps every digit. */
export interface Fields {
  /** The value's own text; null where it is absent or `null`. */
  raw(name: string): string | null
  /** Throws parameter_invalid where it is no string. Its text is raw, quotes included. */
  string(name: string): string | null
  number(name: string, range: NumberRange): string | null
  flag(name: string): boolean | null
}

export interface NumberRange {
  readonly least: number
  readonly most: number
  readonly kind: 'whole' | 'any'
  /** Ends the sentence `X must be …`. */
  readonly expected: string
}

/**
 * `inside`: what the object is a value of, for the names in errors. Throws parameter_invalid for a member that is not
 * among `allowed`: what would be ignored is refused.
 */
export function readFields(text: Buffer, allowed: readonly string[], inside: string | null = null): Fields {
  const found = scan(text, EVERY)
  if (typeof found === 'string') throw invalid(inside ?? 'the body', 'an object')
  const named = (name: string): string => (inside === null ? name : `${inside}.${name}`)
  const known = new Set(allowed)
  for (const key of found.values.keys()) {
    if (!known.has(key)) throw invalid(named(key), `left out: this route takes ${allowed.join(', ')}`)
  }
  const raw = (name: string): string | null => {
    const at = found.values.get(name)
    const value = at === undefined ? 'null' : text.toString('utf8', at.start, at.end)
    return value === 'null' ? null : value
  }
  return {
    raw,
    string(name) {
      const value = raw(name)
      if (value !== null && !value.startsWith('"')) throw invalid(named(name), 'a string')
      return value
    },
    number(name, { least, most, kind, expected }) {
      const value = raw(name)
      if (value === null) return null
      const number = /^-?\d/.test(value) ? Number(value) : Number.NaN
      const fits = number >= least && number <= most && (kind === 'any' || Number.isInteger(number))
      if (!fits) throw invalid(named(name), expected)
      return value
    },
    flag(name) {
      const value = raw(name)
      if (value !== null && value !== 'true' && value !== 'false') throw invalid(named(name), 'true or false')
      return value === null ? null : value === 'true'
    },
  }
}

export function invalid(param: string, expected: string): EnginehouseError {
  return new EnginehouseError('parameter_invalid', { param, expected })
}
