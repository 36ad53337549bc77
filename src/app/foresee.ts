import { join } from 'node:path'

import { showPlan, type Foresight, type ManifestPlanShape } from '../admin/index.ts'
import type { Bytes, DeviceFacts, Manifest, ModelSpec, Need, WeightsFacts } from '../core/index.ts'
import { EnginehouseError, HOST, variantsOf } from '../core/index.ts'
import { adapterFor, needFor, type Adapters, type EstimatePlaces } from '../engine/index.ts'
import { createHostMemory, everFits } from '../gpu/index.ts'
import { diffManifests, manifestForFile, type ManifestRead } from '../manifest/index.ts'
import { lookAtSources, type SourceLook } from '../weights/index.ts'

export type { Foresight }

/** What this host has for engines. */
export interface HostSize {
  readonly devices: readonly DeviceFacts[]
  /** What engines may claim of the host's memory. */
  readonly claimable: Bytes
  /** As measured; null where the system does not tell. */
  readonly free: Bytes | null
}

export function hostSize(memory: Manifest['memory']): HostSize {
  const devices = createHostMemory({ share: memory.host }).facts()
  const host = devices.find((device) => device.id === HOST)
  return { devices, claimable: host ? host.total - host.reserve : 0, free: host?.measuredFree ?? null }
}

/** What the engine of a GGUF file would claim of the host's memory for these weights, with every default. */
export async function claimOnHost(weights: WeightsFacts, adapters: Adapters): Promise<Bytes> {
  const { models, directory } = manifestForFile(weights.path, adapters)
  const [model] = models.values()
  if (model === undefined) return weights.bytes
  return (await needFor(model, adapterFor(adapters, model.engine), weights, { manifestDirectory: directory })).host
}

/** Models that are looked at together: each has some files open, and a manifest may have thousands. */
const AT_ONCE = 16

/** Of this host, for a manifest. */
export interface Ground {
  readonly stateDirectory: string
  readonly adapters: Adapters
}

/** Reads headers of weights that are here; fetches, starts and changes nothing. */
export async function foresee(manifest: Manifest, { stateDirectory, adapters }: Ground): Promise<readonly Foresight[]> {
  const { devices } = hostSize(manifest.memory)
  const looking = {
    weights: join(stateDirectory, 'weights'),
    manifestDirectory: manifest.directory,
    devices,
    adapters,
  }
  const models = [...manifest.models.values()]
  const found: Foresight[] = []
  for (let from = 0; from < models.length; from += AT_ONCE) {
    const some = models.slice(from, from + AT_ONCE)
    found.push(...(await Promise.all(some.map((model) => foreseeModel(model, looking)))))
  }
  return found
}

/** What a manifest is beside none at all: for a host without a daemon. */
export async function planAlone(next: ManifestRead, ground: Ground): Promise<ManifestPlanShape> {
  const { manifest } = next
  const nothing: Manifest = { ...manifest, models: new Map() }
  return showPlan({
    manifest: null,
    diff: diffManifests(nothing, manifest),
    before: [],
    next,
    foresight: await foresee(manifest, ground),
    leaving: [],
  })
}

interface Looking extends EstimatePlaces {
  /** `weights/` of the state directory. */
  readonly weights: string
  readonly devices: readonly DeviceFacts[]
  readonly adapters: Adapters
}

async function foreseeModel(model: ModelSpec, looking: Looking): Promise<Foresight> {
  const { weights, devices, adapters } = looking
  const look = (way: ModelSpec): Promise<readonly SourceLook[]> =>
    lookAtSources(way, { directory: weights, reads: adapterFor(adapters, way.engine).reads })
  const sources = await look(model)
  const need = await needWith(model, sources, looking)
  const ways = await Promise.all(
    variantsOf(model).map(async (way) => {
      const found = way.source === model.source ? sources : await look(way)
      const wayNeed = await needWith(way, found, looking)
      return wayNeed && everFits(wayNeed, way.gpus, devices)
    }),
  )
  const [first] = ways
  // One way that fits is enough; one whose size is not known yet may.
  const fit = ways.find((way) => way?.fits) ?? (ways.includes(null) ? null : (first ?? null))
  return { model: model.name, sources, need, fit }
}

async function needWith(model: ModelSpec, sources: readonly SourceLook[], looking: Looking): Promise<Need | null> {
  const weights = sources.flatMap((look): WeightsFacts[] => (look.kind === 'present' ? [look.weights] : []))[0] ?? null
  const isKnown = model.memory !== null || model.source.length === 0 || weights !== null
  if (!isKnown) return null
  return needFor(model, adapterFor(looking.adapters, model.engine), weights, looking).catch((error: unknown) => {
    // A file beside the weights is wrong: its load says so, and the other models are foreseen all the same.
    if (error instanceof EnginehouseError) return null
    throw error
  })
}
