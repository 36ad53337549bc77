import { nearest } from '../lib/nearest.ts'
import { HINTED_NAMES_MAX } from './limits.ts'

/** Where the values of `${NAME}` come from. */
export interface Variables {
  /** Undefined when it is not set. */
  readonly get: (name: string) => string | undefined
  /** The names that are set and that somebody who wrote this one may have meant, best first. */
  readonly nearest: (name: string) => readonly string[]
}

/** A text with variables in their places. */
export interface Substitution {
  /** With unset variables as they are written. */
  readonly text: string
  /** Does a variable or its default stand in it, and not only a literal `${`? */
  readonly varies: boolean
  /** Names that are not set and have no default, each once. */
  readonly unset: readonly string[]
  /** What is wrong with the first reference that is none; undefined when all are right. */
  readonly fault: string | undefined
}

/** What the process has wins over the file; a variable that is set to nothing is set. */
export function variablesOf(
  environment: Readonly<Record<string, string | undefined>>,
  file: ReadonlyMap<string, string>,
): Variables {
  const names = [...Object.keys(environment), ...file.keys()]
  const found = new Map<string, readonly string[]>()
  const find = (name: string): readonly string[] => {
    if (!found.has(name) && found.size < HINTED_NAMES_MAX) found.set(name, nearest(name, names))
    return found.get(name) ?? []
  }
  return {
    get: (name) => (Object.hasOwn(environment, name) ? environment[name] : undefined) ?? file.get(name),
    nearest: find,
  }
}

/** What begins a reference, or a literal `${`. */
export const REFERENCE_MARK = '${'

/** In this order: a literal `${`, a whole reference, and what only begins like one. */
const REFERENCES = /\$\$\{|\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-((?:(?!\$\{)[^}])*))?\}|\$\{/g

/**
 * Puts variables in the places of `${NAME}` and `${NAME:-default}`, and `${` in that of `$${`. The default is taken for
 * a variable that is not set or empty, as in a shell; it ends at the first `}`. A value is put in as it is: what looks
 * like a reference in it is text.
 */
export function substitute(text: string, variables: Variables): Substitution {
  const unset = new Set<string>()
  let varies = false
  let fault: string | undefined
  const put = (written: string, name: string | undefined, byDefault: string | undefined, offset: number): string => {
    if (written === '$${') return REFERENCE_MARK
    varies = true
    if (name === undefined) {
      fault ??= faultOf(text.slice(offset))
      return written
    }
    const value = variables.get(name)
    if (byDefault !== undefined) return value || byDefault
    if (value === undefined) unset.add(name)
    return value ?? written
  }
  return { text: text.replace(REFERENCES, put), varies, unset: [...unset], fault }
}

/** Why what begins with `${` is no reference. */
function faultOf(rest: string): string {
  const [, beforeEnd] = /^\$\{([^}]*)\}/.exec(rest) ?? []
  if (beforeEnd === undefined) return 'the } that ends it is missing'
  if (beforeEnd === '') return 'it has no name'
  if (beforeEnd.includes(REFERENCE_MARK)) return 'one cannot stand inside another'
  return 'a name has letters, digits and _, and only :- and a default may follow it'
}
