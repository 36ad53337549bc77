import { ADAPTERS } from '../../engines/index.ts'
import type { EngineFacts } from '../admin/index.ts'
import type { EngineName, Manifest } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import type { EnginePlaces } from '../engine/index.ts'

/** Each kind of engine, and whether its program is where this daemon would start it from. */
export function engineFacts(
  manifest: Manifest,
  places: Omit<EnginePlaces, 'configured' | 'image'>,
): Promise<readonly EngineFacts[]> {
  const names = Object.keys(ADAPTERS) as EngineName[]
  return Promise.all(
    names.map((name) => {
      const { path, image } = manifest.engines[name] ?? { path: null }
      return lookFor(name, { ...places, configured: path, image: image ?? null })
    }),
  )
}

async function lookFor(name: EngineName, places: EnginePlaces): Promise<EngineFacts> {
  try {
    const path = await ADAPTERS[name].locate(places)
    return { name, state: path === null ? 'of_manifest' : 'found', path }
  } catch (error) {
    if (error instanceof EnginehouseError && error.code === 'engine_not_installed')
      return { name, state: 'missing', path: null }
    throw error
  }
}
