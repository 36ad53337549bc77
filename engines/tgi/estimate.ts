import { needOfParts } from '../../src/core/index.ts'
import type { ModelSpec, Need, WeightsFacts } from '../../src/core/index.ts'
import { argumentOf, contextOf, gpuCountOf } from '../../src/engine/shares.ts'
import { readModelConfig } from '../../src/weights/index.ts'
import { gpuParts, hostBesideGpus, hostParts } from './memory.ts'
import type { MemoryQuestion } from './memory.ts'

/** From the model's own figures; null when its configuration does not have them. */
export async function estimate(model: ModelSpec, weights: WeightsFacts): Promise<Need | null> {
  const written = await readModelConfig(weights.path)
  if (written === null) return null
  // It computes in 16 bits whatever the files have.
  const config = { ...written, elementBytes: 2 }
  const shards = gpuCountOf(model)
  const question: MemoryQuestion = {
    config,
    weights: shards === 0 ? weights.bytes : weights.bytes * (config.elementBytes / written.elementBytes),
    context: contextOf(model, weights),
    requests: model.parallel,
    shards: Math.max(shards, 1),
    cachedBytes: argumentOf(model, 'kv-cache-dtype')?.startsWith('fp8') ? 1 : null,
  }
  if (shards === 0) return needOfParts(null, hostParts(question))
  return needOfParts(gpuParts(question), hostBesideGpus(shards))
}
