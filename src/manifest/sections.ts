import type { z } from 'zod'
import type { EngineDescription } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'
import { describe, reportIssues } from './issues.ts'
import type { InnerKeys } from './issues.ts'
import type { Path } from './path.ts'
import { dotted } from './path.ts'
import type { Report } from './problems.ts'
import { engineKeys } from './engine-keys.ts'
import {
  healthShape,
  loadShape,
  modelShape,
  offloadShape,
  otherEngine,
  startShape,
  stopShape,
  variantShape,
} from './model-schema.ts'
import { containedEngineShape, engineShape, memoryShape, serverShape, timeoutsShape, topShape } from './schema.ts'
import type { Entry, Placed, TreeNode } from './node.ts'
import { plainOf } from './node.ts'

export type Shape = Readonly<Record<string, z.ZodType>>
export type Values<S extends Shape> = { readonly [K in keyof S]?: z.output<S[K]> }

export interface Section<S extends Shape> {
  readonly shape: S
  /** Keys that INTERFACE 1 names and this version does not have: refused by name, never as unknown. */
  readonly later: readonly string[]
  readonly inner?: Readonly<Partial<Record<keyof S, InnerKeys>>>
  /** Levels below a key from which scalars are text as written. */
  readonly writtenFrom?: Readonly<Partial<Record<keyof S, number>>>
  /** Keys that hold sections of their own. */
  readonly nested?: Readonly<Partial<Record<keyof S, Section<Shape>>>>
  /** Keys that hold lists of sections. */
  readonly listed?: Readonly<Partial<Record<keyof S, Section<Shape>>>>
  /** Keys that belong elsewhere: why, after the key, and what to do. */
  readonly elsewhere?: Elsewhere
  /** Keys that begin with `x-` are the reader's own. */
  readonly free?: true
}

interface Elsewhere {
  readonly keys: readonly string[]
  readonly why: string
  readonly next: string
}

const NO_KEYS: InnerKeys = { keys: [], later: [] }

export const TIMEOUTS: Section<typeof timeoutsShape> = { shape: timeoutsShape, later: [] }
export const TOP: Section<typeof topShape> = { shape: topShape, later: ['weights'], free: true }
export const SERVER: Section<typeof serverShape> = {
  shape: serverShape,
  later: ['keys_file', 'on_daemon_exit', 'upstream_routes'],
  inner: { auth: { keys: [], later: ['keys'] } },
  nested: { timeouts: TIMEOUTS },
}
export const ENGINE: Section<typeof engineShape> = { shape: engineShape, later: [] }
/** Of an engine that can also be run as a container. */
export const CONTAINED_ENGINE: Section<typeof containedEngineShape> = { shape: containedEngineShape, later: [] }
export const MEMORY: Section<typeof memoryShape> = { shape: memoryShape, later: [] }
export const HEALTH: Section<typeof healthShape> = { shape: healthShape, later: [] }
export const OFFLOAD: Section<typeof offloadShape> = { shape: offloadShape, later: [] }
export const LOAD: Section<typeof loadShape> = { shape: loadShape, later: [] }
export const STOP: Section<typeof stopShape> = { shape: stopShape, later: [], writtenFrom: { command: 0 } }
export const START: Section<typeof startShape> = { shape: startShape, later: [] }

/** Engines that INTERFACE 1 names and this version does not have. */
export const ENGINES = Object.freeze({ later: [] as readonly string[] })

/** Keys of `engines`: what has a program of its own. */
export function engineSections(
  engines: readonly EngineDescription[],
): Readonly<Record<string, typeof ENGINE | typeof CONTAINED_ENGINE>> {
  const found = engines.filter(({ program }) => program !== 'of_manifest')
  return Object.fromEntries(
    found.map(({ name, program }) => [name, program === 'found_or_image' ? CONTAINED_ENGINE : ENGINE]),
  )
}

const inner = {
  engine: { keys: [], later: ENGINES.later },
  source: { keys: ['exec', 'sha256'], later: ['https'] },
  gpus: { keys: ['count'], later: [] },
  memory: { keys: ['device', 'host'], later: [] },
}
// In `args`, true, false and null have a meaning of their own, except inside a list.
const writtenFrom = { source: 0, args: 2 }

export const VARIANT: Section<typeof variantShape> = {
  shape: variantShape,
  later: [],
  nested: { offload: OFFLOAD },
  inner,
  writtenFrom,
  elsewhere: {
    keys: Object.keys(modelShape).filter((key) => !Object.hasOwn(variantShape, key)),
    why: 'is the same for every way to run the model',
    next: 'Write it in the model itself.',
  },
}

export const MODEL: Section<typeof modelShape> = {
  shape: modelShape,
  later: ['allow_code'],
  nested: { offload: OFFLOAD, health: HEALTH, stop: STOP, load: LOAD, start: START, timeouts: TIMEOUTS },
  listed: { variants: VARIANT },
  inner,
  writtenFrom: { ...writtenFrom, command: 0, served_name: 0, aliases: 0, fallback: 0, env: 1 },
}

const { source: _source, aliases: _aliases, command: _command, variants: _variants, ...defaultsShape } = modelShape
/** A model's own source, names and ways to run cannot be shared. */
export const MODEL_DEFAULTS: Section<typeof defaultsShape> = {
  ...MODEL,
  shape: defaultsShape,
  listed: {},
  elsewhere: {
    keys: ['source', 'aliases', 'command', 'variants'],
    why: 'belongs to one model and cannot be shared',
    next: 'Write it in each model; an anchor saves writing it twice.',
  },
}

/** Of a house with these engines. */
export interface ModelSections {
  readonly model: typeof MODEL
  readonly variant: typeof VARIANT
  readonly defaults: typeof MODEL_DEFAULTS
}

export function modelSections(engines: readonly EngineDescription[]): ModelSections {
  const keys = engineKeys(engines)
  const variant = {
    ...VARIANT,
    shape: { ...variantShape, engine: otherEngine(keys.engine), parallel: keys.parallel },
  }
  return {
    model: { ...MODEL, shape: { ...modelShape, ...keys }, listed: { variants: variant } },
    variant,
    defaults: { ...MODEL_DEFAULTS, shape: { ...defaultsShape, ...keys } },
  }
}

/** A section as it was read: what is right in it, and which keys were written at all. */
export interface Read<S extends Shape> {
  readonly values: Values<S>
  /** Written keys, right or wrong. */
  readonly entries: ReadonlyMap<string, Entry>
}

/**
 * Reads the keys of a section, each by itself; what is wrong is reported and left out of `values`.
 * Undefined when the section is not a mapping.
 */
export function readSection<S extends Shape>(
  section: Section<S>,
  node: TreeNode,
  path: Path,
  report: Report,
): Read<S> | undefined {
  if (node.kind !== 'mapping') {
    reportNoMapping(node, path, report)
    return undefined
  }
  const values: Record<string, unknown> = {}
  for (const [key, entry] of node.entries) {
    const here = [...path, key]
    const schema = Object.hasOwn(section.shape, key) ? section.shape[key] : undefined
    if (!schema) {
      if (!(section.free && key.startsWith('x-'))) reportStranger(section, key, entry, path, report)
      continue
    }
    const result = schema.safeParse(plainOf(entry.node, section.writtenFrom?.[key] ?? Number.POSITIVE_INFINITY))
    const nested = section.nested?.[key]
    if (!result.success) {
      reportIssues(result.error.issues, entry, here, section.inner?.[key] ?? NO_KEYS, report)
      continue
    }
    values[key] = result.data
    // Also where no model of the manifest would look at it.
    if (nested) readSection(nested, entry.node, here, report)
  }
  return { values: values as Values<S>, entries: node.entries }
}

/** A section that may stand in several places, the weakest first: a key of a later one wins. */
export function readLayers<S extends Shape>(section: Section<S>, layers: readonly Placed[], report: Report): Values<S> {
  return layers.reduce<Values<S>>(
    (weaker, { entry, path }) => ({ ...weaker, ...readSection(section, entry.node, path, report)?.values }),
    {},
  )
}

export function reportNoMapping(node: TreeNode, path: Path, report: Report): void {
  const facts = { key: dotted(path) || 'The manifest', expected: 'a mapping of keys', got: describe(node), nearest: [] }
  report('manifest_value', facts, node.span, path)
}

export function reportStranger(
  known: { readonly shape: object; readonly later: readonly string[]; readonly elsewhere?: Elsewhere },
  key: string,
  entry: Entry,
  path: Path,
  report: Report,
): void {
  const here = [...path, key]
  if (known.later.includes(key)) report('manifest_key_not_supported', { key: dotted(here) }, entry.key, here)
  else if (known.elsewhere?.keys.includes(key)) {
    const { why, next } = known.elsewhere
    report('manifest_conflict', { why: `${dotted(here)} ${why}.`, next }, entry.key, here)
  } else {
    const names = nearest(key, Object.keys(known.shape))
    report('manifest_unknown_key', { key, at: dotted(path), nearest: names }, entry.key, here)
  }
}
