import type { Millis, ModelName } from '../core/index.ts'
import type { Path } from './path.ts'
import type { Read } from './sections.ts'
import type { modelShape } from './schema.ts'
import type { Entry } from './node.ts'

export type ModelRead = Read<typeof modelShape>
export type ModelKey = keyof typeof modelShape & string
type ModelValues = ModelRead['values']

export interface Placed {
  readonly entry: Entry
  readonly path: Path
}

/** What holds for one model: its own keys, and those of `defaults` that it does not write itself. */
export interface Settings {
  /** Undefined when nobody wrote the key, or what was written is wrong. */
  readonly value: <K extends ModelKey>(key: K) => ModelValues[K]
  /** Where the value that holds is written; undefined when nobody wrote it. */
  readonly placed: (key: ModelKey) => Placed | undefined
  /** Does the model write the key itself? */
  readonly owns: (key: ModelKey) => boolean
  /** The places to read a mapping of several values from, the weakest first. */
  readonly layers: (key: ModelKey) => readonly Placed[]
}

/** `ttl` stands between the model's own and that of `defaults` (INTERFACE, precedence); undefined when not set. */
export function settingsOf(
  name: ModelName,
  own: ModelRead,
  defaults: ModelRead | undefined,
  ttl: Millis | null | undefined,
): Settings {
  const sourceOf = (key: ModelKey): ModelRead | undefined => (own.entries.has(key) ? own : defaults)
  const inherited: ModelValues = { ...defaults?.values, ...(ttl === undefined ? {} : { ttl }) }
  const place = (read: ModelRead | undefined, key: ModelKey, path: Path): readonly Placed[] => {
    const entry = read?.entries.get(key)
    return entry ? [{ entry, path: [...path, key] }] : []
  }
  const layers = (key: ModelKey): readonly Placed[] => [
    ...place(defaults, key, ['defaults']),
    ...place(own, key, ['models', name]),
  ]
  return {
    value: (key) => (sourceOf(key) === own ? own.values : inherited)[key],
    placed: (key) => layers(key).at(-1),
    owns: (key) => own.entries.has(key),
    layers,
  }
}
