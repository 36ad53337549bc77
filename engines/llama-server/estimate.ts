import type { ModelSpec, Need, WeightsFacts } from '../../src/core/index.ts'
import { setsFlag } from '../../src/engine/flags.ts'
import { argumentOf, contextOf, gpuCountOf } from '../../src/engine/shares.ts'
import { readGguf } from '../../src/weights/index.ts'
import { CACHE_TYPES, CHECKPOINTS, checkpointBytes, gpuNeed, HOST_BASE, hostNeed, UBATCH } from './memory.ts'
import type { MemoryQuestion } from './memory.ts'
import { shapeOf } from './shape.ts'

/** From the header of the weights and the flags of the model; null for a shape that the formulas do not know. */
export async function estimate(model: ModelSpec, weights: WeightsFacts): Promise<Need | null> {
  const read = await readGguf(weights.path)
  const shape = read.kind === 'header' ? shapeOf(read.header) : null
  if (shape === null) return null
  const gpus = gpuCountOf(model)
  const question: MemoryQuestion = {
    shape,
    weights: weights.bytes,
    cells: contextOf(model, weights) * model.parallel,
    slots: model.parallel,
    ubatch: numberIn(model, ['ubatch-size', 'ub']) ?? UBATCH,
    flashAttention: textIn(model, ['flash-attn', 'fa']) === 'off' ? 'off' : 'on',
    keyBytes: cacheType(model, ['cache-type-k', 'ctk']),
    valueBytes: cacheType(model, ['cache-type-v', 'ctv']),
    fullWindows: setsFlag(model, '--swa-full'),
  }
  const each = numberIn(model, ['ctx-checkpoints', 'ctxcp', 'swa-checkpoints']) ?? CHECKPOINTS
  const besides = HOST_BASE + checkpointBytes(question, each)
  if (gpus === 0) return { perGpu: null, host: besides + hostNeed(question), origin: 'formula' }
  return { perGpu: gpuNeed(question, gpus), host: besides, origin: 'formula' }
}

function cacheType(model: ModelSpec, flags: readonly string[]): number {
  return CACHE_TYPES[textIn(model, flags) ?? 'f16'] ?? CACHE_TYPES['f16'] ?? 2
}

/** Of a flag in any of its spellings. */
function textIn(model: ModelSpec, flags: readonly string[]): string | undefined {
  return flags.map((flag) => argumentOf(model, flag)).find((text) => text !== undefined)
}

function numberIn(model: ModelSpec, flags: readonly string[]): number | undefined {
  const text = textIn(model, flags)
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined
}
