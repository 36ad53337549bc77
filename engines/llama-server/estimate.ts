import { MIB, needOfParts } from '../../src/core/index.ts'
import type { Bytes, MemoryParts, ModelSpec, Need, OffloadSpec, WeightsFacts } from '../../src/core/index.ts'
import type { EstimatePlaces } from '../../src/engine/contract.ts'
import { setsFlag } from '../../src/engine/flags.ts'
import { contextOf, gpuCountOf } from '../../src/engine/shares.ts'
import { flagFiles, numberIn, textIn } from './arguments.ts'
import type { FlagFile } from './arguments.ts'
import { readFlagFile, readModelFile } from './files.ts'
import type { ModelFile } from './files.ts'
import { CACHE_TYPES, CHECKPOINTS, checkpointBytes, computeBytes, HOST_BASE, UBATCH } from './memory.ts'
import type { MemoryQuestion, Shape } from './memory.ts'
import { deviceParts, hostParts, largest, NOTHING, onGpu, PER_GPU, plus } from './placement.ts'
import type { DeviceParts, Placement } from './placement.ts'
import { shapeOf } from './shape.ts'
import { evenTensorBytes, tensorBytes } from './tensors.ts'
import type { TensorBytes } from './tensors.ts'

/** The graph of a projector, whose figures differ by a hundred times: what others set aside for any of them. */
const PROJECTOR_COMPUTE: Bytes = 1024 * MIB
/** A draft model that the formulas do not know, against its file. */
const UNKNOWN_DRAFT = 1.2

/**
 * From the headers of the weights, and of the files that flags name; null for a shape that the formulas do not know.
 * Throws engine_file_wrong.
 */
export async function estimate(model: ModelSpec, weights: WeightsFacts, places: EstimatePlaces): Promise<Need | null> {
  const read = await readModelFile(weights.path)
  const shape = read && shapeOf(read.header)
  if (!read || !shape) return null
  const files = flagFiles(model)
  const readAll = (some: readonly FlagFile[]): Promise<readonly ModelFile[]> =>
    Promise.all(some.map((file) => readFlagFile(file, model.name, places.manifestDirectory)))
  const [adapters, projectors, [draft]] = await Promise.all([
    readAll(files.adapters),
    readAll(files.projectors),
    readAll(files.draft ? [files.draft] : []),
  ])
  const placement = placementOf(model)
  const question = questionOf(model, weights, shape)
  const contexts: readonly DeviceParts[] = [
    modelParts(question, { ...read, bytes: weights.bytes }, adapters, placement),
    ...projectors.map((file) => projectorParts(file, placement, model)),
    ...(draft ? [draftParts(draft, question, placement, model)] : []),
    ...(draft ? [] : ownDraftParts(question, placement, model)),
  ]
  const host = contexts.reduce((sum, each) => plus(sum, each.host), besides(question, model))
  if (placement.split.length === 0) return needOfParts(null, host)
  const gpus = placement.split.map((_, gpu) =>
    contexts.reduce((sum, each) => plus(sum, each.gpus[gpu] ?? NOTHING), plus(NOTHING, PER_GPU)),
  )
  return needOfParts(largest(gpus), host)
}

/** Of host memory, wherever the model is. */
function besides(question: MemoryQuestion, model: ModelSpec): MemoryParts {
  const checkpoints = numberIn(model, ['ctx-checkpoints', 'ctxcp', 'swa-checkpoints']) ?? CHECKPOINTS
  const prompts = (numberIn(model, ['cache-ram', 'cram']) ?? 0) * MIB
  return plus(NOTHING, { kv: checkpointBytes(question, checkpoints) + prompts, context: HOST_BASE })
}

function questionOf(model: ModelSpec, weights: WeightsFacts, shape: Shape): MemoryQuestion {
  return {
    shape,
    cells: contextOf(model, weights) * model.parallel,
    slots: model.parallel,
    ubatch: numberIn(model, ['ubatch-size', 'ub']) ?? UBATCH,
    flashAttention: textIn(model, ['flash-attn', 'fa']) === 'off' ? 'off' : 'on',
    keyBytes: cacheType(model, ['cache-type-k', 'ctk']),
    valueBytes: cacheType(model, ['cache-type-v', 'ctv']),
    fullWindows: setsFlag(model, '--swa-full'),
  }
}

function modelParts(
  question: MemoryQuestion,
  file: ModelFile,
  adapters: readonly ModelFile[],
  placement: Placement,
): DeviceParts {
  const bytes = [file, ...adapters].reduce((sum, each) => sum + each.bytes, 0)
  if (placement.split.length === 0) return { gpus: [], host: hostParts(question, bytes) }
  const tensors = [file, ...adapters].flatMap((each) => each.tensors)
  return deviceParts(question, tensorsBy(question.shape, tensors, bytes), placement)
}

function tensorsBy({ layers }: Shape, tensors: ModelFile['tensors'], bytes: Bytes): TensorBytes {
  const named = tensorBytes(tensors, layers.length)
  return named.layers.some(({ whole }) => whole > 0) ? named : evenTensorBytes(bytes, layers.length)
}

/** It has the same context as the model that it drafts for, and a cache of its own type. */
function draftParts(file: ModelFile, main: MemoryQuestion, placement: Placement, model: ModelSpec): DeviceParts {
  const own = { ...placement, offload: draftOffload(model) }
  const shape = shapeOf(file.header)
  if (shape === null) return onGpu(own.offload.layers !== 0, { weights: file.bytes * UNKNOWN_DRAFT }, own)
  const keyBytes = cacheType(model, ['cache-type-k-draft', 'ctkd', 'spec-draft-type-k'])
  const valueBytes = cacheType(model, ['cache-type-v-draft', 'ctvd', 'spec-draft-type-v'])
  return modelParts({ ...main, shape, keyBytes, valueBytes }, file, [], own)
}

/** A model that drafts for itself has a second context for it; the layers of that one are among its own. */
function ownDraftParts(question: MemoryQuestion, placement: Placement, model: ModelSpec): readonly DeviceParts[] {
  if (!textIn(model, ['spec-type'])?.split(',').includes('draft-mtp')) return []
  return [onGpu(placement.offload.layers !== 0, { compute: computeBytes(question) }, placement)]
}

function projectorParts({ bytes }: ModelFile, placement: Placement, model: ModelSpec): DeviceParts {
  const goes = !setsFlag(model, '--no-mmproj-offload')
  return onGpu(goes, { weights: bytes, compute: PROJECTOR_COMPUTE }, placement)
}

function placementOf(model: ModelSpec): Placement {
  return {
    offload: model.offload,
    split: splitOf(model),
    cache: setsFlag(model, '--no-kv-offload', '-nkvo') ? 'host' : 'beside_its_layer',
    hostWeights: setsFlag(model, '--no-op-offload') ? 'computed_by_host' : 'computed_by_gpu',
  }
}

/** Split in another way than by layers, each GPU is claimed as if it had everything. */
function splitOf(model: ModelSpec): readonly number[] {
  const gpus = gpuCountOf(model)
  if (gpus > 1 && (textIn(model, ['split-mode', 'sm']) ?? 'layer') !== 'layer') return [1]
  const even = Array.from({ length: gpus }, () => 1)
  const written = textIn(model, ['tensor-split', 'ts'])?.split(/[,/]/).map(Number)
  const shares = even.map((share, gpu) => (written ? (written[gpu] ?? 0) : share))
  return shares.every((share) => share >= 0) && shares.some((share) => share > 0) ? shares : even
}

function draftOffload(model: ModelSpec): OffloadSpec {
  const layers = numberIn(model, ['gpu-layers-draft', 'n-gpu-layers-draft', 'ngld', 'spec-draft-ngl']) ?? 'all'
  const some = numberIn(model, ['n-cpu-moe-draft', 'ncmoed', 'spec-draft-n-cpu-moe', 'spec-draft-ncmoe'])
  const all = setsFlag(model, '--cpu-moe-draft', '-cmoed', '--spec-draft-cpu-moe')
  return { layers, experts: all ? 'cpu' : (some ?? 'gpu') }
}

function cacheType(model: ModelSpec, flags: readonly string[]): number {
  return CACHE_TYPES[textIn(model, flags) ?? 'f16'] ?? CACHE_TYPES['f16'] ?? 2
}
