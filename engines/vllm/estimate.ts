import type { Bytes, ModelSpec, Need, WeightsFacts } from '../../src/core/index.ts'
import { setsFlag } from '../../src/engine/flags.ts'
import { argumentOf, contextOf, gpuCountOf } from '../../src/engine/shares.ts'
import { readModelConfig } from '../../src/weights/index.ts'
import { gpuNeed, hostBesideGpus, hostNeed, ranksOf } from './memory.ts'
import type { MemoryQuestion } from './memory.ts'

/** From the model's own figures; null when its configuration does not have them. */
export async function estimate(model: ModelSpec, weights: WeightsFacts): Promise<Need | null> {
  const config = await readModelConfig(weights.path)
  if (config === null) return null
  const gpus = gpuCountOf(model)
  const question: MemoryQuestion = {
    config,
    weights: weights.bytes,
    context: contextOf(model, weights),
    requests: model.parallel,
    sequences: model.concurrency,
    cachedBytes: cachedBytesOf(model),
    graphs: setsFlag(model, '--enforce-eager') ? 'none' : 'captured',
    ...ranksOf(Math.max(gpus, 1)),
  }
  if (gpus === 0) return { perGpu: null, host: hostNeed(question), origin: 'formula' }
  return { perGpu: gpuNeed(question), host: hostBesideGpus(gpus), origin: 'formula' }
}

function cachedBytesOf(model: ModelSpec): Bytes | null {
  return argumentOf(model, 'kv-cache-dtype')?.startsWith('fp8') ? 1 : null
}
