import type { ModelName } from '../core/index.ts'
import { NAME_LENGTH_MAX } from './limits.ts'
import type { Path } from './path.ts'
import type { Report, Span } from './problems.ts'

/** A model's name or alias, of whatever length. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._\-:/@+]*$/

/** Last parts of routes under `/v1/models/` and `/models/`, which a model of that name would hide. */
const RESERVED: ReadonlySet<string> = new Set([
  'loaded',
  'stats',
  'inventory',
  'download',
  'unload-all',
  'load',
  'unload',
  'sse',
])

/** Why a text cannot be a model's name or alias; undefined when it can. */
export function nameFault(name: string): string | undefined {
  if (name === '') return 'it is empty'
  if (name.length > NAME_LENGTH_MAX) return `it has ${name.length} characters`
  if (!NAME.test(name)) return 'it has a character that is not allowed there'
  if (RESERVED.has(name)) return 'a route has this name'
  // Clients shorten `a/../b` before they send it.
  if (name.split('/').some((part) => part === '.' || part === '..')) return 'it has . or .. between slashes'
  return undefined
}

export interface NamePlace {
  readonly name: string
  /** What a problem may say of it: the name, unless it comes from a variable. */
  readonly shown: string
  readonly model: ModelName
  readonly span: Span
  readonly path: Path
}

/**
 * Which model each name stands for. Reports names that cannot be, and each name that already stood for a model before,
 * in the order of the text.
 */
export function checkNames(places: readonly NamePlace[], report: Report): ReadonlyMap<string, ModelName> {
  const taken = new Map<string, ModelName>()
  for (const { name, shown, model, span, path } of places.toSorted((a, b) => a.span[0] - b.span[0])) {
    const why = nameFault(name)
    const by = taken.get(name)
    if (why !== undefined) report('manifest_name', { name: shown, why }, span, path)
    else if (by !== undefined) report('manifest_name_taken', { name: shown, by }, span, path)
    else taken.set(name, model)
  }
  return taken
}
