import { needOfParts } from '../../src/core/index.ts'
import type { Bytes, ModelSpec, Need, WeightsFacts } from '../../src/core/index.ts'
import { setsFlag } from '../../src/engine/flags.ts'
import { argumentOf, contextOf, gpuCountOf } from '../../src/engine/shares.ts'
import { readModelConfig } from '../../src/weights/index.ts'
import { gpuParts, hostBesideGpus, hostParts, ranksOf } from './memory.ts'
import type { MemoryQuestion } from './memory.ts'

/** From the model's own figures; null when its configuration does not have them. */
export async function estimate(model: ModelSpec, weights: WeightsFacts): Promise<Need | null> {
  const written = await readModelConfig(weights.path)
  if (written === null) return null
  const config = { ...written, elementBytes: elementBytesOf(model) }
  const gpus = gpuCountOf(model)
  const question: MemoryQuestion = {
    config,
    // On the host they are read as they are before they are narrowed.
    weights: gpus === 0 ? weights.bytes : weights.bytes * (config.elementBytes / written.elementBytes),
    context: contextOf(model, weights),
    requests: model.parallel,
    sequences: model.concurrency,
    cachedBytes: cachedBytesOf(model),
    graphs: setsFlag(model, '--enforce-eager') ? 'none' : 'captured',
    ...ranksOf(Math.max(gpus, 1)),
  }
  if (gpus === 0) return needOfParts(null, hostParts(question))
  return needOfParts(gpuParts(question), hostBesideGpus(gpus))
}

/** It computes in 16 bits whatever the files have, unless it is told otherwise. */
function elementBytesOf(model: ModelSpec): Bytes {
  return /^float(32)?$/.test(argumentOf(model, 'dtype') ?? 'auto') ? 4 : 2
}

function cachedBytesOf(model: ModelSpec): Bytes | null {
  return argumentOf(model, 'kv-cache-dtype')?.startsWith('fp8') ? 1 : null
}
