import type { Millis, ModelName } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'
import { modelShape } from './model-schema.ts'
import type { Placed } from './node.ts'
import type { Path } from './path.ts'
import type { Read } from './sections.ts'

export type ModelRead = Read<typeof modelShape>
export type ModelKey = keyof typeof modelShape & string
type ModelValues = ModelRead['values']

/** Keys of a model that stand in one place. */
export interface Layer {
  readonly read: ModelRead
  readonly path: Path
}

/** What holds for one model: its own keys, and those of weaker layers that it does not write itself. */
export interface Settings {
  /** Undefined when nobody wrote the key, or what was written is wrong. */
  readonly value: <K extends ModelKey>(key: K) => ModelValues[K] | undefined
  /** Where the value that holds is written; undefined when nobody wrote it. */
  readonly placed: (key: ModelKey) => Placed | undefined
  /** Somebody wrote what is no key and probably means this one: that is the problem to tell of. */
  readonly misspelt: (key: ModelKey) => boolean
  /** Is the key written in the strongest layer? */
  readonly owns: (key: ModelKey) => boolean
  /** The places to read a mapping of several values from, the weakest first. */
  readonly layers: (key: ModelKey) => readonly Placed[]
}

/** `ttl` stands between the model's own and that of `defaults` (INTERFACE, precedence); undefined when not set. */
export function layersOf(
  name: ModelName,
  own: ModelRead,
  defaults: ModelRead | undefined,
  ttl: Millis | null | undefined,
): readonly Layer[] {
  return [
    ...(defaults ? [{ read: defaults, path: ['defaults'] }] : []),
    ...(ttl === undefined ? [] : [{ read: { values: { ttl }, entries: new Map() }, path: [] }]),
    { read: own, path: ['models', name] },
  ]
}

/** The same without what it says of one key. */
export function without(key: ModelKey, { read, path }: Layer): Layer {
  const entries = new Map([...read.entries].filter(([name]) => name !== key))
  const { [key]: _left, ...values } = read.values
  return { read: { values, entries }, path }
}

/** The weakest layer first. */
export function settingsOf(stack: readonly Layer[]): Settings {
  const layers = (key: ModelKey): readonly Placed[] =>
    stack.flatMap(({ read, path }) => {
      const entry = read.entries.get(key)
      return entry ? [{ entry, path: [...path, key] }] : []
    })
  return {
    misspelt: (key) => {
      const strangers = stack.flatMap(({ read }) =>
        [...read.entries.keys()].filter((name) => !Object.hasOwn(modelShape, name)),
      )
      return strangers.some((name) => nearest(name, [key]).length > 0)
    },
    // A value that is wrong hides the one below it.
    value: (key) =>
      stack.findLast(({ read }) => read.entries.has(key) || Object.hasOwn(read.values, key))?.read.values[key],
    placed: (key) => layers(key).at(-1),
    owns: (key) => stack.at(-1)?.read.entries.has(key) === true,
    layers,
  }
}
