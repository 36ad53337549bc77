import { createConnection, createServer } from 'node:net'
import { dirname } from 'node:path'

import { EnginehouseError, sentenceOf, variantsOf } from '../../core/index.ts'
import type { EngineSpec, ListenAddress, Manifest, ModelSpec } from '../../core/index.ts'
import { stateDirectoryPath, type StateDirectory } from '../../journal/index.ts'
import { systemCode, systemReason } from '../../lib/system-reason.ts'
import { describeListen } from '../../manifest/index.ts'
import { askVersion } from '../ask-programs.ts'
import { findProgram, pathDirectories } from '../find-program.ts'
import type { Job } from '../job.ts'
import { manifestPath, readManifestFile } from '../manifest-file.ts'
import type { EngineEntry, House } from '../world.ts'
import type { EngineFacts, GoodManifestFacts, ListenState, ManifestFacts } from './facts.ts'

/** The facts, and the manifest itself where it is good. */
export interface GatheredManifest {
  readonly facts: ManifestFacts
  readonly manifest: Manifest | null
}

/** `listening`: where the daemon of this state directory listens; null without one. */
export async function gatherManifest(
  job: Job,
  house: House,
  state: StateDirectory,
  listening: string | null,
): Promise<GatheredManifest> {
  let path = 'the manifest'
  try {
    path = await manifestPath(job, undefined)
    const result = await readManifestFile(job, path, { programs: { patience: 'long', progress: 'shown' } })
    if (result.kind === 'manifest') {
      const facts = await goodFacts(job, house, { manifest: result.manifest, path, state, listening })
      return { facts, manifest: result.manifest }
    }
    const [first] = result.problems
    const words = first ? `line ${first.line}: ${sentenceOf(first.code, first.facts).replace(/\.$/, '')}` : ''
    return { facts: { kind: 'invalid', path, problems: result.problems.length, first: words }, manifest: null }
  } catch (error) {
    if (!(error instanceof EnginehouseError)) throw error
    return { facts: factsOfError(error, path), manifest: null }
  }
}

function factsOfError(error: EnginehouseError, path: string): ManifestFacts {
  const known: EnginehouseError = error
  const { looked, why } = known.facts as { readonly looked?: readonly string[]; readonly why?: string }
  if (known.code === 'manifest_not_found') return { kind: 'absent', looked: looked ?? [] }
  return { kind: 'unreadable', path, why: (why ?? known.message).replace(/\.$/, '') }
}

interface Found {
  readonly manifest: Manifest
  readonly path: string
  readonly state: StateDirectory
  readonly listening: string | null
}

async function goodFacts(job: Job, house: House, found: Found): Promise<GoodManifestFacts> {
  const { manifest, path, state, listening } = found
  const { environment } = job.world
  const models = [...manifest.models.values()]
  const address = manifest.server.listen
  const [foresight, engines, programsMissing, listen] = await Promise.all([
    house.foresee(manifest, stateDirectoryPath(environment)),
    engineFacts(job, house, manifest, state),
    missingPrograms(models, dirname(path), environment),
    listenState(address, listening),
  ])
  return {
    kind: 'good',
    path,
    models,
    foresight,
    engines,
    programsMissing,
    listen: { address, shown: describeListen(address), state: listen },
  }
}

/** Of the engines that models name and that have a program of their own. */
async function engineFacts(
  job: Job,
  house: House,
  manifest: Manifest,
  state: StateDirectory,
): Promise<readonly EngineFacts[]> {
  const ways = [...manifest.models.values()].flatMap(variantsOf)
  const facts = await Promise.all(
    house.engines.map(async (engine): Promise<EngineFacts | null> => {
      const models = new Set(ways.filter((way) => way.engine === engine.name).map(({ name }) => name)).size
      const program = Object.entries(manifest.engines).find(([name]) => name === engine.name)?.[1] ?? { path: null }
      return models === 0 ? null : engineFactsOf(engine, models, program, job, state)
    }),
  )
  return facts.filter((each) => each !== null)
}

async function engineFactsOf(
  engine: EngineEntry,
  models: number,
  { path: configured, image = null }: EngineSpec,
  job: Job,
  state: StateDirectory,
): Promise<EngineFacts | null> {
  const { environment } = job.world
  const facts = { name: engine.name, models, installable: engine.install !== null, byHand: engine.byHand ?? null }
  try {
    const places = { configured, image, path: pathDirectories(environment), installed: state.engines }
    const path = await engine.locate(places)
    if (path === null) return null
    return { ...facts, path, version: await askVersion(job, engine.name, path) }
  } catch (error) {
    if (!(error instanceof EnginehouseError) || error.code !== 'engine_not_installed') throw error
    return { ...facts, path: null, version: null }
  }
}

async function missingPrograms(
  models: readonly ModelSpec[],
  directory: string,
  environment: NodeJS.ProcessEnv,
): Promise<GoodManifestFacts['programsMissing']> {
  const named = models.flatMap((model) => {
    const ofSources = model.source.flatMap((source) => (source.kind === 'exec' ? [source.argv[0] ?? ''] : []))
    const own = model.engine === 'command' ? [model.command[0] ?? ''] : []
    return [...own, ...ofSources].map((program) => ({ model: model.name, program }))
  })
  const found = await Promise.all(
    named.map(async (each) => (await findProgram(each.program, directory, environment)) !== null),
  )
  return named.filter(({ program }, index) => !found[index] && !program.includes('{'))
}

async function listenState(address: ListenAddress, listening: string | null): Promise<ListenState> {
  const shown = describeListen(address)
  if (listening === shown || listening === `http://${shown}`) return 'ours'
  return address.kind === 'tcp' ? tryPort(address.host, address.port) : trySocket(address.path)
}

/** Listens for a moment: nothing else tells it for sure. */
function tryPort(host: string, port: number): Promise<ListenState> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', (error) => {
      resolve(systemCode(error) === 'EADDRINUSE' ? 'taken' : { refused: systemReason(error) })
    })
    server.listen({ host, port, exclusive: true }, () => server.close(() => resolve('free')))
  })
}

/** A socket that nobody answers at was left by a daemon that ended, and is replaced by the next. */
function trySocket(path: string): Promise<ListenState> {
  return new Promise((resolve) => {
    const socket = createConnection(path)
    socket.once('connect', () => {
      socket.destroy()
      resolve('taken')
    })
    socket.once('error', (error) => {
      const code = systemCode(error)
      resolve(code === 'ENOENT' || code === 'ECONNREFUSED' ? 'free' : { refused: systemReason(error) })
    })
  })
}
