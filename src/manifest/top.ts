import { resolve } from 'node:path'
import type { EngineDescription, EngineName, EngineSpec, Manifest } from '../core/index.ts'
import type { Knowledge } from './context.ts'
import { DEFAULT_MEMORY } from './defaults.ts'
import type { EnvironmentOptions } from './environment.ts'
import { checkPrograms } from './fitness.ts'
import { readModels } from './models.ts'
import { checkKept } from './together.ts'
import { warnOf } from './warnings.ts'
import type { Entry, Placed, TreeNode } from './node.ts'
import type { ManifestOverrides } from './overrides.ts'
import type { Report } from './problems.ts'
import { readPool } from './resources.ts'
import type { Pool } from './resources.ts'
import {
  CONTAINED_ENGINE,
  ENGINE,
  ENGINES,
  engineSections,
  MEMORY,
  modelSections,
  readSection,
  reportNoMapping,
  reportStranger,
  TOP,
} from './sections.ts'
import { readServer } from './server.ts'

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
export function readTop(
  tree: TreeNode | undefined,
  given: ParseOptions,
  report: Report,
  warn: Report,
): Manifest | undefined {
  const options: Options = { overrides: {}, ...given }
  if (!tree || (tree.kind === 'scalar' && tree.value === null)) {
    const next = 'Write `version: 1` and `models:`; `enginehouse init` proposes a whole one.'
    report('manifest_conflict', { why: 'The manifest is empty.', next }, [0, 1], [])
    return undefined
  }
  const top = readSection(TOP, tree, [], report)
  if (!top) return undefined
  for (const [key, why] of REQUIRED) {
    if (!top.entries.has(key)) report('manifest_missing_key', { key, at: '', why }, [0, 1], [key])
  }
  const { directory, knowledge, overrides } = options
  const section = (key: string): Placed | undefined => {
    const entry = top.entries.get(key)
    return entry && { entry, path: [key] }
  }
  const { server, timeouts } = readServer(section('server'), overrides, report)
  const { memory, pool } = readHostMemory(section('memory'), report)
  const sections = modelSections(knowledge.engines)
  const around = { directory, timeouts, pool, ttl: overrides.ttl, knowledge, sections, report }
  const engines = readEngines(section('engines'), knowledge.engines, directory, report)
  const models = readModels(section('models'), section('defaults'), around)
  checkPrograms(models, knowledge, report)
  checkKept({ models, memory, knowledge, report, warn })
  for (const model of models) warnOf(model, engines, warn)
  return {
    path: options.path,
    directory,
    server,
    engines,
    memory,
    models: new Map(models.map(({ spec }) => [spec.name, spec])),
  }
}

const REQUIRED = [
  ['version', 'it says which language the manifest is written in; this one is 1'],
  ['models', 'it names what clients may ask for'],
] as const

function readEngines(
  placed: Placed | undefined,
  descriptions: readonly EngineDescription[],
  directory: string,
  report: Report,
): Manifest['engines'] {
  const engines: Record<EngineName, EngineSpec> = {}
  const node = placed?.entry.node
  if (node && node.kind !== 'mapping') reportNoMapping(node, ['engines'], report)
  if (node?.kind !== 'mapping') return engines
  const sections = engineSections(descriptions)
  const known = { shape: sections, later: ENGINES.later }
  for (const [name, entry] of node.entries) {
    const described = descriptions.find((each) => each.name === name && Object.hasOwn(sections, name))
    if (described) engines[name] = readEngine(described, entry, directory, report)
    else reportStranger(known, name, entry, ['engines'], report)
  }
  return engines
}

function readEngine(
  { name, program }: EngineDescription,
  { node }: Entry,
  directory: string,
  report: Report,
): EngineSpec {
  const at = ['engines', name]
  const contained = program === 'found_or_image'
  const read = contained ? readSection(CONTAINED_ENGINE, node, at, report)?.values : undefined
  const values = contained ? read : readSection(ENGINE, node, at, report)?.values
  const path = values?.path ?? 'auto'
  const image = read?.image ?? null
  if (image !== null && path !== 'auto') {
    const why = `${at.join('.')} names a program and an image, and only one of them can run the model.`
    report('manifest_conflict', { why, next: 'Remove `path` or `image`.' }, node.span, at)
  }
  return { path: path === 'auto' ? null : resolve(directory, path), ...(image === null ? {} : { image }) }
}

function readHostMemory(
  placed: Placed | undefined,
  report: Report,
): { readonly memory: Manifest['memory']; readonly pool: Pool } {
  const read = placed && readSection(MEMORY, placed.entry.node, placed.path, report)
  const pool = readPool(read?.entries.get('resources'), report)
  const { reserve = DEFAULT_MEMORY.reserve, host = DEFAULT_MEMORY.host } = read?.values ?? {}
  return { memory: { reserve, host, resources: pool.counts }, pool }
}
