import { resolve } from 'node:path'
import type { EngineName, EngineSpec, Manifest, ModelName, ModelSpec, ServerSpec } from '../core/index.ts'
import { DEFAULTS } from './limits.ts'
import { describeListen, isLoopback } from './listen.ts'
import type { Knowledge } from './context.ts'
import type { EnvironmentOptions } from './environment.ts'
import { readModel } from './model.ts'
import { checkNames } from './names.ts'
import type { NamePlace } from './names.ts'
import { withheld } from './node.ts'
import type { Entry, TreeNode } from './node.ts'
import { listenWith } from './overrides.ts'
import type { ManifestOverrides } from './overrides.ts'
import type { Report } from './problems.ts'
import { engineShape } from './schema.ts'
import {
  ENGINE,
  ENGINES,
  MEMORY,
  MODEL,
  MODEL_DEFAULTS,
  readSection,
  reportNoMapping,
  reportStranger,
  SERVER,
  TOP,
} from './sections.ts'
import type { ModelRead } from './settings.ts'

export interface ParseOptions extends EnvironmentOptions {
  /** Of the file, absolute: what a problem and the manifest are known by. */
  readonly path: string
  /** Absolute; where relative paths of the manifest start. */
  readonly directory: string
  readonly knowledge: Knowledge
  /** What stands above the manifest; nothing by default. */
  readonly overrides?: ManifestOverrides
}

type Options = Omit<ParseOptions, 'overrides'> & { readonly overrides: ManifestOverrides }

/** Undefined only when a problem was reported. */
export function readTop(tree: TreeNode | undefined, given: ParseOptions, report: Report): Manifest | undefined {
  const options: Options = { overrides: {}, ...given }
  if (!tree || (tree.kind === 'scalar' && tree.value === null)) {
    const next = 'Write `version: 1` and `models:`; the README has an example.'
    report('manifest_conflict', { why: 'The manifest is empty.', next }, [0, 1], [])
    return undefined
  }
  const top = readSection(TOP, tree, [], report)
  if (!top) return undefined
  for (const [key, why] of REQUIRED) {
    if (!top.entries.has(key)) report('manifest_missing_key', { key, at: '', why }, [0, 1], [key])
  }
  const { entries } = top
  return {
    path: options.path,
    directory: options.directory,
    server: readServer(entries.get('server'), options.overrides, report),
    engines: readEngines(entries.get('engines'), options.directory, report),
    memory: readHostMemory(entries.get('memory'), report),
    models: readModels(entries.get('models'), entries.get('defaults'), options, report),
  }
}

const REQUIRED = [
  ['version', 'it says which language the manifest is written in; this one is 1'],
  ['models', 'it names what clients may ask for'],
] as const

function readServer(entry: Entry | undefined, overrides: ManifestOverrides, report: Report): ServerSpec {
  const path = ['server']
  const read = entry ? readSection(SERVER, entry.node, path, report) : undefined
  const { listen, max_body: maxBody, max_queue: maxQueue } = read?.values ?? {}
  const written = read?.entries.get('listen')
  if (listen && written && !isLoopback(listen)) {
    const shown = withheld(written.node) ?? describeListen(listen)
    const why = `server.listen is ${shown}, which other hosts can reach, and keys are not supported by this version.`
    const next = 'Listen on 127.0.0.1, [::1] or unix:/PATH.'
    report('manifest_conflict', { why, next }, written.node.span, [...path, 'listen'])
  }
  return {
    listen: listenWith(overrides, listen ?? DEFAULTS.listen),
    hosts: DEFAULTS.hosts,
    cors: DEFAULTS.cors,
    maxBody: maxBody ?? DEFAULTS.maxBody,
    maxQueue: maxQueue ?? DEFAULTS.maxQueue,
    queueTimeout: DEFAULTS.queueTimeout,
  }
}

function readEngines(entry: Entry | undefined, directory: string, report: Report): Manifest['engines'] {
  const engines: Partial<Record<EngineName, EngineSpec>> = {}
  if (entry && entry.node.kind !== 'mapping') reportNoMapping(entry.node, ['engines'], report)
  if (entry?.node.kind !== 'mapping') return engines
  const known = { shape: { 'llama-server': engineShape.path }, later: ENGINES.later }
  for (const [name, engine] of entry.node.entries) {
    if (name !== 'llama-server') reportStranger(known, name, engine, ['engines'], report)
    else {
      const path = readSection(ENGINE, engine.node, ['engines', name], report)?.values.path ?? 'auto'
      engines[name] = { path: path === 'auto' ? null : resolve(directory, path) }
    }
  }
  return engines
}

function readHostMemory(entry: Entry | undefined, report: Report): Manifest['memory'] {
  const values = entry ? readSection(MEMORY, entry.node, ['memory'], report)?.values : undefined
  return {
    reserve: values?.reserve ?? DEFAULTS.reserve,
    host: values?.host ?? { share: DEFAULTS.hostShare },
    resources: {},
  }
}

function readModels(
  models: Entry | undefined,
  defaultsEntry: Entry | undefined,
  { directory, knowledge, overrides }: Options,
  report: Report,
): Manifest['models'] {
  const specs = new Map<ModelName, ModelSpec>()
  const names: NamePlace[] = []
  const defaults = defaultsEntry ? readSection(MODEL_DEFAULTS, defaultsEntry.node, ['defaults'], report) : undefined
  if (models?.node.kind !== 'mapping') return specs
  for (const [name, { key: nameSpan, node }] of models.node.entries) {
    const path = ['models', name]
    names.push({ name, shown: name, model: name, span: nameSpan, path })
    const own = readSection(MODEL, node, path, report)
    if (!own) continue
    names.push(...aliasPlaces(name, own))
    specs.set(name, readModel({ name, nameSpan, own, defaults, ttl: overrides.ttl, directory }, knowledge, report))
  }
  checkNames(names, report)
  return specs
}

function aliasPlaces(model: ModelName, own: ModelRead): readonly NamePlace[] {
  const list = own.entries.get('aliases')?.node
  if (list?.kind !== 'list') return []
  return list.items.flatMap((item, index) =>
    item.kind === 'scalar' && item.value !== null
      ? [
          {
            name: item.written,
            shown: item.template ?? item.written,
            model,
            span: item.span,
            path: ['models', model, 'aliases', index],
          },
        ]
      : [],
  )
}
