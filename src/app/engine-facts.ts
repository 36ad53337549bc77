import type { EngineFacts } from '../admin/index.ts'
import type { Manifest } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import type { Adapters, EngineAdapter, EnginePlaces } from '../engine/index.ts'

/** Each kind of engine, and whether its program is where this daemon would start it from. */
export function engineFacts(
  manifest: Manifest,
  adapters: Adapters,
  places: Omit<EnginePlaces, 'configured' | 'image'>,
): Promise<readonly EngineFacts[]> {
  return Promise.all(
    adapters.map((adapter) => {
      const { path, image } = manifest.engines[adapter.name] ?? { path: null }
      return lookFor(adapter, { ...places, configured: path, image: image ?? null })
    }),
  )
}

async function lookFor({ name, locate }: EngineAdapter, places: EnginePlaces): Promise<EngineFacts> {
  try {
    const path = await locate(places)
    return { name, state: path === null ? 'of_manifest' : 'found', path }
  } catch (error) {
    if (error instanceof EnginehouseError && error.code === 'engine_not_installed')
      return { name, state: 'missing', path: null }
    throw error
  }
}
