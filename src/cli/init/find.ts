import { access } from 'node:fs/promises'
import { resolve } from 'node:path'

import { EnginehouseError, quote } from '../../core/index.ts'
import { stateDirectoryAt, stateDirectoryPath } from '../../journal/index.ts'
import { DEFAULT_MEMORY } from '../../manifest/index.ts'
import { gatherGpu } from '../doctor/gather-host.ts'
import { checkGpu } from '../doctor/check-host.ts'
import { findProgram, pathDirectories } from '../find-program.ts'
import { askVersion } from '../ask-programs.ts'
import type { Job } from '../job.ts'
import type { House } from '../world.ts'
import { inspectCandidate, type Candidate, type Inspected } from './candidate.ts'
import { SEARCH } from './limits.ts'
import { ollamaModels } from './ollama.ts'
import { ollamaPlaces, usualPlaces } from './places.ts'
import type { Claimed, Finds } from './propose.ts'
import { searchGguf } from './search.ts'

export interface FoundWeights {
  readonly weights: readonly Claimed[]
  readonly leftOut: readonly { readonly path: string; readonly why: string }[]
  readonly places: readonly string[]
  /** Why not everything was looked at; null when it was. */
  readonly cut: string | null
}

/** In the places that are named, or, when none is, where weights usually are. Throws usage for one that is not there. */
export async function findWeights(job: Job, house: House, named: readonly string[]): Promise<FoundWeights> {
  const { environment } = job.world
  const places =
    named.length > 0
      ? await Promise.all(named.map(async (path) => ({ path: await requireThere(path), depth: SEARCH.depth })))
      : usualPlaces(environment, process.cwd())
  const until = job.now() + SEARCH.time
  const searched = await searchGguf(places, { entries: SEARCH.entries, until, now: job.now, signal: job.signal })
  const pulled =
    named.length > 0
      ? []
      : await Promise.all(ollamaPlaces(environment).map((directory) => ollamaModels(directory, SEARCH.files)))
  const candidates = [...searched.files.map((path): Candidate => ({ path, name: null })), ...pulled.flat()]
  const inspected: Inspected[] = []
  for (const candidate of candidates.slice(0, SEARCH.files)) {
    job.signal.throwIfAborted()
    inspected.push(await inspectCandidate(candidate))
  }
  const tooMany = candidates.length > SEARCH.files ? `more than ${SEARCH.files} files were found` : null
  return {
    weights: await Promise.all(
      inspected.flatMap((each) => (each.kind === 'weights' ? [withClaim(each.weights, house)] : [])),
    ),
    leftOut: inspected.flatMap((each) =>
      each.kind === 'left_out' && each.why !== null ? [{ path: each.path, why: each.why }] : [],
    ),
    places: places.map(({ path }) => path),
    cut: searched.cut ?? tooMany,
  }
}

async function requireThere(named: string): Promise<string> {
  const path = resolve(named)
  await access(path).catch((cause: unknown) => {
    throw new EnginehouseError('usage', { why: `There is nothing at ${quote(path)}.` }, { cause })
  })
  return path
}

async function withClaim(weights: Omit<Claimed, 'claim'>, house: House): Promise<Claimed> {
  const { path, bytes, architecture, trainedContext } = weights
  return { ...weights, claim: await house.claimOnHost({ path, bytes, architecture, trainedContext }) }
}

/** What of this host a proposal speaks of. */
export async function lookAround(job: Job, house: House): Promise<Finds> {
  const { environment } = job.world
  const [llamaServer, vllm, gpu, size] = await Promise.all([
    findLlamaServer(job, house),
    findProgram('vllm', process.cwd(), environment),
    gatherGpu(house, environment, job.signal),
    house.hostSize(DEFAULT_MEMORY),
  ])
  return {
    claimable: size.claimable,
    total: size.devices.find(({ kind }) => kind === 'host')?.total ?? size.claimable,
    gpu: checkGpu(gpu).found,
    llamaServer,
    canInstall: house.engines.some(({ name, install }) => name === 'llama-server' && install !== null),
    vllm,
  }
}

async function findLlamaServer(job: Job, house: House): Promise<Finds['llamaServer']> {
  const { environment } = job.world
  const state = stateDirectoryAt(stateDirectoryPath(environment), environment)
  const engine = house.engines.find(({ name }) => name === 'llama-server')
  const places = { configured: null, image: null, path: pathDirectories(environment), installed: state.engines }
  try {
    const path = (await engine?.locate(places)) ?? null
    if (path === null) return null
    return { path, version: await askVersion(job, 'llama-server', path) }
  } catch (error) {
    if (error instanceof EnginehouseError && error.code === 'engine_not_installed') return null
    throw error
  }
}
