import { GIB, MIB } from '../core/index.ts'
import type { Bytes, DeclaredMemory, ModelSpec, Need, WeightsFacts } from '../core/index.ts'
import type { EngineAdapter, EstimatePlaces } from './contract.ts'

/** Weights on a device against their file: buffers of the graph and the alignment of tensors come on top. */
const WEIGHTS_FACTOR = 1.2
/** Context of the driver, key-value cache and compute buffers of a moderate context. */
const GPU_OVERHEAD: Bytes = 2 * GIB
/** The same on the host, where there is no driver's context. */
const HOST_OVERHEAD: Bytes = 256 * MIB

/**
 * What a launch of this model needs. Declared memory is taken as it is; else the size of the weights decides. A model
 * without either (a `command` on the host) needs nothing that we could know: zero bytes, shown as unaccounted.
 */
export function needOf(model: ModelSpec, weights: WeightsFacts | null): Need {
  const usesGpu = model.gpus.kind !== 'none'
  if (model.memory !== null) return declaredNeed(model.memory, usesGpu)
  if (usesGpu) return { perGpu: estimate(weights, GPU_OVERHEAD), host: 0, origin: 'formula' }
  if (model.engine === 'command') return { perGpu: null, host: 0, origin: 'formula' }
  return { perGpu: null, host: estimate(weights, HOST_OVERHEAD), origin: 'formula' }
}

/** The same, where the adapter may know more of the weights than their size. */
export async function needFor(
  model: ModelSpec,
  adapter: EngineAdapter,
  weights: WeightsFacts | null,
  places: EstimatePlaces,
): Promise<Need> {
  const known = model.memory === null && weights !== null ? await adapter.estimate?.(model, weights, places) : null
  return known ?? needOf(model, weights)
}

function declaredNeed(memory: DeclaredMemory, usesGpu: boolean): Need {
  if (usesGpu) return { perGpu: memory.device, host: memory.host, origin: 'declared' }
  // Without a GPU what was meant for one lives on the host as well. (`all` means a GPU; the manifest refuses it here.)
  const device = memory.device === 'all' ? 0 : memory.device
  return { perGpu: null, host: memory.host + device, origin: 'declared' }
}

function estimate(weights: WeightsFacts | null, overhead: Bytes): Bytes {
  return Math.ceil((weights?.bytes ?? 0) * WEIGHTS_FACTOR) + overhead
}
