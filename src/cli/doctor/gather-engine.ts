import { EnginehouseError, variantsOf } from '../../core/index.ts'
import type { EngineSpec, Manifest } from '../../core/index.ts'
import type { Job } from '../job.ts'
import { manifestPath, readManifestFile } from '../manifest-file.ts'
import type { EngineEntry, EnginePlaces } from '../world.ts'

/** What `engines doctor` judges. */
export interface EngineProgramFacts {
  readonly name: string
  /** How a person gets it, or another version of it. */
  readonly getIt: string
  /** `of_manifest`: its program is what each model's `command` says. */
  readonly place: 'found' | 'missing' | 'of_manifest'
  /** Where it is not found, where it was looked for. */
  readonly looked: readonly string[]
  readonly path: string | null
  /** Of the manifest: `path` is the program that runs it then. */
  readonly image: string | null
  readonly version: string | null
  /** Why it does not run. */
  readonly problem: string | null
  /** How many it knows; null: it was not asked, or its help was not understood. */
  readonly flags: number | null
  /** Null: this engine is not asked for them. */
  readonly own: OwnFlags | null
  /** Null where no manifest was found; else, for each model that this engine runs, the flags that it does not know. */
  readonly manifest: ManifestFlags | null
}

/** Those that we set. */
export interface OwnFlags {
  readonly set: number
  readonly unknown: readonly string[]
  /** Behind the program's name: prints its help. */
  readonly help: readonly string[]
}

export type ManifestFlags =
  | { readonly kind: 'unread'; readonly path: string }
  | { readonly kind: 'read'; readonly path: string; readonly models: readonly ModelFlags[] }

export interface ModelFlags {
  readonly model: string
  readonly unknown: readonly string[]
}

type Read = { readonly path: string; readonly manifest: Manifest | null }

/** Finds the program where the daemon would, and runs it for what it says of itself; changes nothing. */
export async function gatherEngine(job: Job, engine: EngineEntry, places: EnginePlaces): Promise<EngineProgramFacts> {
  const read = await readIfThere(job)
  const { path: configured, image = null } = specOf(engine.name, read?.manifest ?? null)
  const nothing = {
    name: engine.name,
    getIt: getIt(engine),
    looked: [],
    path: null,
    image,
    version: null,
    problem: null,
    flags: null,
    own: null,
    manifest: null,
  }
  try {
    const path = await engine.locate({ ...places, configured, image })
    if (path === null) return { ...nothing, place: 'of_manifest' }
    return { ...nothing, place: 'found', path, ...(image === null ? await ask(job, engine, path, read) : {}) }
  } catch (error) {
    if (!(error instanceof EnginehouseError) || error.code !== 'engine_not_installed') throw error
    const { looked } = error.facts as { readonly looked: readonly string[] }
    return { ...nothing, place: 'missing', looked }
  }
}

async function ask(job: Job, { name, probe }: EngineEntry, path: string, read: Read | null) {
  const { flagNames, probeProgram, unknownFlags } = await import('../../app/probe-program.ts')
  const options = { environment: job.world.environment, signal: job.signal }
  const { version, problem, flags } = await probeProgram(probe ?? null, path, options)
  if (!probe) return { version, problem }
  const own = { set: probe.sets.length, help: probe.help }
  if (flags === null) return { version, problem, own: { ...own, unknown: [] } }
  const models = [...(read?.manifest?.models.values() ?? [])].flatMap((model) => {
    const ways = variantsOf(model).filter(({ engine }) => engine === name)
    const unknown = unknownFlags(probe, flags, [...new Set(ways.flatMap(flagNames))])
    return ways.length === 0 ? [] : [{ model: model.name, unknown }]
  })
  return {
    version,
    problem,
    flags: flags.size,
    own: { ...own, unknown: unknownFlags(probe, flags, probe.sets) },
    manifest: read && manifestFlags(read, models),
  }
}

function manifestFlags({ path, manifest }: Read, models: readonly ModelFlags[]): ManifestFlags {
  return manifest === null ? { kind: 'unread', path } : { kind: 'read', path, models }
}

/** Null where there is none; without its manifest where that cannot be used, which `enginehouse validate` tells. */
async function readIfThere(job: Job): Promise<Read | null> {
  let path = job.options.config ?? 'the manifest'
  try {
    path = await manifestPath(job, undefined)
    const result = await readManifestFile(job, path, { programs: null })
    return { path, manifest: result.kind === 'manifest' ? result.manifest : null }
  } catch (error) {
    if (!(error instanceof EnginehouseError)) throw error
    const isNamed = job.options.config !== undefined
    return error.code === 'manifest_not_found' && !isNamed ? null : { path, manifest: null }
  }
}

function specOf(name: string, manifest: Manifest | null): EngineSpec {
  return Object.entries(manifest?.engines ?? {}).find(([each]) => each === name)?.[1] ?? { path: null }
}

function getIt({ name, install, byHand }: EngineEntry): string {
  if (byHand !== undefined) return byHand
  const first = install === null ? 'Put it on PATH' : `\`enginehouse engines install ${name}\`, or put it on PATH`
  return `${first}, or set \`engines.${name}.path\`.`
}
