import { variantsOf } from '../core/index.ts'
import type { EngineDescription, Manifest, ModelName, ModelSpec } from '../core/index.ts'
import { normalisedFlag } from './args.ts'
import type { Entry, TreeNode } from './node.ts'
import { plainShown } from './node.ts'
import type { ManifestOverrides, OverrideOrigin } from './overrides.ts'
import { dotted } from './path.ts'
import type { Path } from './path.ts'
import type { Position } from './positions.ts'
import { engineSections, MEMORY, MODEL, SERVER } from './sections.ts'
import { shownOf } from './secrets.ts'
import { defaultOfEngine, defaultOfMemory, defaultOfModel, defaultOfServer } from './shown-defaults.ts'
import type { Shown } from './shown-defaults.ts'
import type { ModelKey } from './settings.ts'

/** One value that holds, in the manifest's own notation, and which of all that could say it did. */
export type Setting = Shown & {
  /** Keys from the top: models, chat, args, jinja. */
  readonly path: readonly string[]
  /** The same as one text, for people and for filters: `models.chat.args.jinja`. */
  readonly key: string
  readonly origin: Origin
}

/** `line` is 1-based. */
export type Origin =
  | OverrideOrigin
  | { readonly from: 'manifest'; readonly file: string; readonly line: number }
  | { readonly from: 'default' }

export interface EffectiveOptions {
  /** Undefined for a manifest without any text. */
  readonly tree: TreeNode | undefined
  readonly manifest: Manifest
  readonly engines: readonly EngineDescription[]
  readonly overrides: ManifestOverrides
  readonly file: string
  readonly positionOf: (offset: number) => Position
}

const DEFAULT: Origin = { from: 'default' }
/** Keys of a command's engine, of which llama-server needs none. */
const COMMAND_KEYS: ReadonlySet<string> = new Set(['command', 'cwd', 'health', 'capabilities', 'served_name', 'stop'])
/** Mappings that a model and `defaults` make together, key by key. */
const MERGED: ReadonlySet<string> = new Set(['args', 'env', 'resources', ...Object.keys(MODEL.nested ?? {})])

/**
 * Everything that holds, in the order of the reference. It walks the tree beside the readers and does not read values
 * again: `manifest` is what they made of this tree. A value that comes from variables is shown as it is written, and
 * one that looks like a secret not at all.
 */
export function effectiveSettings(options: EffectiveOptions): readonly Setting[] {
  return settingsWithoutKeys(options).map((setting) => ({ key: dotted(setting.path), ...setting }))
}

type Found = Omit<Setting, 'key'> & Shown

function settingsWithoutKeys(options: EffectiveOptions): readonly Found[] {
  const { tree, manifest } = options
  return [
    ...serverSettings(options),
    ...Object.entries(engineSections(options.engines)).flatMap(([name, section]) =>
      keysOf<keyof typeof section.shape>(section).flatMap((key) =>
        plainSetting(['engines', name, key], defaultOfEngine(key), options),
      ),
    ),
    ...keysOf(MEMORY).flatMap((key) => plainSetting(['memory', key], defaultOfMemory(key, manifest), options)),
    ...[...manifest.models].flatMap(([name, model]) => modelSettings(name, model, tree, options)),
  ]
}

function keysOf<K extends string>({ shape }: { readonly shape: Readonly<Record<K, unknown>> }): readonly K[] {
  return Object.keys(shape) as K[]
}

function serverSettings(options: EffectiveOptions): readonly Found[] {
  const { manifest, overrides } = options
  return keysOf(SERVER).flatMap((key) => {
    const path = ['server', key]
    const shown = defaultOfServer(key, manifest)
    if (key === 'timeouts') return mergedSettings(path, [entryAt(options.tree, path)], shown, options)
    const origin = key === 'listen' ? listenOrigin(manifest, overrides) : undefined
    return origin && shown ? [{ path, ...shown, origin }] : plainSetting(path, shown, options)
  })
}

/** Undefined when nothing stands above the manifest. */
function listenOrigin({ server }: Manifest, { listen, origins = {} }: ManifestOverrides): OverrideOrigin | undefined {
  if (listen) return origins.listen
  if (server.listen.kind === 'unix') return undefined
  const parts = [origins.host, origins.port].flatMap((origin) => (origin ? [origin.name] : []))
  return parts.length > 0 ? { from: 'environment', name: parts.join(' and ') } : undefined
}

/** A key that is written in one place or not at all. */
function plainSetting(path: readonly string[], byDefault: Shown | null, options: EffectiveOptions): readonly Found[] {
  const entry = entryAt(options.tree, path)
  if (entry) return [written(path, entry, options)]
  return byDefault ? [{ path, ...byDefault, origin: DEFAULT }] : []
}

function modelSettings(
  name: ModelName,
  model: ModelSpec,
  tree: TreeNode | undefined,
  options: EffectiveOptions,
): readonly Found[] {
  return keysOf(MODEL).flatMap((key) => {
    if (!matters(key, model, options)) return []
    const path = ['models', name, key]
    const own = entryAt(tree, path)
    const shared = entryAt(tree, ['defaults', key])
    if (MERGED.has(key)) {
      const weakest = key === 'timeouts' ? [entryAt(tree, ['server', key])] : []
      return mergedSettings(path, [...weakest, shared, own], defaultOfModel(key, model), options)
    }
    const above = key === 'ttl' ? options.overrides.origins?.ttl : undefined
    const kept = (key === 'ttl' || key === 'min_residency') && model.keep === 'always'
    if (own) return [written(path, own, options)]
    const byDefault = defaultOfModel(key, model)
    if (above && byDefault && !kept) return [{ path, ...byDefault, origin: above }]
    if (shared && !kept) return [written(path, shared, options)]
    return byDefault ? [{ path, ...byDefault, origin: DEFAULT }] : []
  })
}

function matters(key: ModelKey, model: ModelSpec, { engines }: EffectiveOptions): boolean {
  if (key === 'offload') {
    return model.gpus.kind !== 'none' && engines.some(({ name, offload }) => offload && name === model.engine)
  }
  return variantsOf(model).some(({ engine }) => engine === 'command' || !COMMAND_KEYS.has(key))
}

/** One setting for each key of a mapping that several places write, and for each that has a default. */
function mergedSettings(
  path: readonly string[],
  layers: readonly (Entry | undefined)[],
  byDefault: Shown | null,
  options: EffectiveOptions,
): readonly Found[] {
  const found = new Map<string, Found>()
  const standing = byDefault && 'value' in byDefault ? byDefault.value : null
  if (typeof standing === 'object' && standing !== null && !Array.isArray(standing)) {
    for (const [key, value] of Object.entries(standing)) {
      found.set(normalisedFlag(key), { path: [...path, key], value, origin: DEFAULT })
    }
  }
  for (const layer of layers) {
    if (layer?.node.kind !== 'mapping') continue
    for (const [key, entry] of layer.node.entries)
      found.set(normalisedFlag(key), written([...path, key], entry, options))
  }
  return [...found.values()]
}

function written(path: readonly string[], { key, node }: Entry, { file, positionOf }: EffectiveOptions): Found {
  const value = shownOf(freeName(path), plainShown(node, writtenFrom(path)))
  return { path, value, origin: { from: 'manifest', file, line: positionOf(key[0]).line } }
}

/** The name of a flag or a variable, which people choose and which may tell of a secret; the manifest's own keys do not. */
function freeName([section, , key, name]: readonly string[]): string {
  return section === 'models' && (key === 'args' || key === 'env') ? (name ?? '') : ''
}

/** As the readers have it (sections.ts): what of a model's key is text however it looks. */
function writtenFrom([section, , key, ...below]: readonly string[]): number {
  const from =
    section === 'models' ? Object.entries(MODEL.writtenFrom ?? {}).find(([name]) => name === key)?.[1] : undefined
  return (from ?? Number.POSITIVE_INFINITY) - below.length
}

function entryAt(tree: TreeNode | undefined, path: Path): Entry | undefined {
  let node = tree
  let entry: Entry | undefined
  for (const part of path) {
    entry = node?.kind === 'mapping' ? node.entries.get(String(part)) : undefined
    node = entry?.node
  }
  return entry
}
