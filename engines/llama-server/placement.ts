import { sumOfParts } from '../../src/core/index.ts'
import type { Bytes, MemoryParts, OffloadSpec } from '../../src/core/index.ts'
import { cacheBytes, computeBytes, GPU_CONTEXT, GPU_POOL, inputBytes, layerCacheBytes, MARGIN } from './memory.ts'
import type { MemoryQuestion } from './memory.ts'
import type { TensorBytes } from './tensors.ts'

/*
 * Which device has which part of a model, as llama-server deals them out: the first layers stay on the host, the others
 * go to the GPUs in contiguous blocks, and the output counts as one more layer behind the last.
 */

/** Copies of a step's input that several GPUs keep, to work on one while they wait for another. */
const PIPELINE_COPIES = 4

export interface Placement {
  readonly offload: OffloadSpec
  /** How much of the layers each GPU gets, as `--tensor-split` says it. */
  readonly split: readonly number[]
  /** Where keys and values are kept. */
  readonly cache: 'beside_its_layer' | 'host'
  /** By a GPU: a step of many tokens takes weights of the host there, one tensor after the other. */
  readonly hostWeights: 'computed_by_gpu' | 'computed_by_host'
}

/** What one context of a model takes of each device, without what a process takes anyway. */
export interface DeviceParts {
  readonly gpus: readonly MemoryParts[]
  readonly host: MemoryParts
}

export const NOTHING: MemoryParts = Object.freeze({ weights: 0, kv: 0, compute: 0, context: 0 })

/** Of a model that is on the host whole; `weights` of its files. */
export function hostParts(question: MemoryQuestion, weights: Bytes): MemoryParts {
  return withMargin({ weights, kv: cacheBytes(question), compute: computeBytes(question), context: 0 })
}

export function deviceParts(question: MemoryQuestion, tensors: TensorBytes, placement: Placement): DeviceParts {
  const { gpus, host, borrowed, isWhole } = dealOut(question, tensors, placement)
  const { split, cache, hostWeights } = placement
  const inputs = inputBytes(question)
  // It works on several steps at a time only where several GPUs have all of a model.
  const isPipelined = isWhole && split.length > 1 && cache === 'beside_its_layer'
  const copies = isPipelined ? (PIPELINE_COPIES - 1) * inputs : 0
  const carried = hostWeights === 'computed_by_gpu' ? borrowedBytes(borrowed, question) : 0
  const compute = computeBytes(question) + copies + carried
  return {
    gpus: gpus.map((gpu) => withMargin({ ...gpu, compute, context: 0 })),
    host: withMargin({ ...host, compute: isWhole ? inputs + copies : computeBytes(question), context: 0 }),
  }
}

interface Share {
  weights: Bytes
  kv: Bytes
}

interface Dealt {
  readonly gpus: readonly Share[]
  readonly host: Share
  /** The largest tensor of the host that a GPU may compute with. */
  readonly borrowed: Bytes
  /** The GPUs have all of the model, but for the embeddings of its input. */
  readonly isWhole: boolean
}

function dealOut(question: MemoryQuestion, tensors: TensorBytes, placement: Placement): Dealt {
  const { layers } = question.shape
  const devices = devicesOf(layers.length, placement)
  const gpus = placement.split.map((): Share => ({ weights: 0, kv: 0 }))
  const host: Share = { weights: tensors.input, kv: 0 }
  const on = (device: number | null | undefined): Share => gpus[device ?? -1] ?? host
  let borrowed = 0
  let isWhole = devices.every((device) => device !== null)
  for (const [index, layer] of layers.entries()) {
    const share = on(devices[index])
    const { whole, rest, experts, largestExpert, largestRest } = tensors.layers[index] ?? NO_TENSORS
    const isApart = share !== host && keepsExperts(placement.offload, index)
    if (isApart) host.weights += experts
    share.weights += isApart ? rest : whole
    if (share === host || isApart) borrowed = Math.max(borrowed, largestExpert)
    if (share === host) borrowed = Math.max(borrowed, largestRest)
    if (isApart) isWhole = false
    const keeper = placement.cache === 'host' ? host : share
    keeper.kv += layerCacheBytes(layer, question)
  }
  const last = on(devices.at(-1))
  last.weights += tensors.output + (last === host ? 0 : tensors.tied)
  return { gpus, host, borrowed, isWhole }
}

const NO_TENSORS = { whole: 0, rest: 0, experts: 0, largestExpert: 0, largestRest: 0 }

/** Of the layers in order, then of the output: the GPU's place in the split, or null for the host. */
export function devicesOf(layers: number, { offload, split }: Placement): readonly (number | null)[] {
  const places = layers + 1
  const taken = split.length === 0 ? 0 : Math.min(offload.layers === 'all' ? places : offload.layers, places)
  const total = split.reduce((sum, share) => sum + share, 0)
  const ends = split.map((_, gpu) => split.slice(0, gpu + 1).reduce((sum, share) => sum + share, 0) / total)
  return Array.from({ length: places }, (_, place) => {
    if (place < places - taken) return null
    const along = (place - (places - taken)) / taken
    const gpu = ends.findIndex((end) => end > along)
    return gpu === -1 ? split.length - 1 : gpu
  })
}

function keepsExperts({ experts }: OffloadSpec, layer: number): boolean {
  if (typeof experts === 'number') return layer < experts
  return experts === 'cpu'
}

/**
 * The largest tensor of the host that a GPU computes with in a step of many tokens lies in the buffer of that step, with
 * what goes in and comes out: 8 MiB of an expert tensor were measured as 8 MiB more, and 11 where layers were on the host.
 */
function borrowedBytes(tensor: Bytes, { ubatch, shape }: MemoryQuestion): Bytes {
  return tensor === 0 ? 0 : tensor + 3 * ubatch * shape.embedding * 4
}

function withMargin({ weights, kv, compute, context }: MemoryParts): MemoryParts {
  return {
    weights: Math.ceil(weights * MARGIN),
    kv: Math.ceil(kv * MARGIN),
    compute: Math.ceil(compute * MARGIN),
    context: Math.ceil(context * MARGIN),
  }
}

export function plus(one: MemoryParts, other: Partial<MemoryParts>): MemoryParts {
  const { weights = 0, kv = 0, compute = 0, context = 0 } = other
  return {
    weights: one.weights + weights,
    kv: one.kv + kv,
    compute: one.compute + compute,
    context: one.context + context,
  }
}

/** What is in one place: on the first GPU if it goes to one, and there is one. */
export function onGpu(goes: boolean, parts: Partial<MemoryParts>, { split }: Placement): DeviceParts {
  const whole = withMargin(plus(NOTHING, parts))
  const there = goes && split.length > 0
  return { gpus: there ? [whole] : [], host: there ? NOTHING : whole }
}

/** What each GPU of a placement is claimed with: as much as the one that takes most. */
export function largest(gpus: readonly MemoryParts[]): MemoryParts | null {
  return gpus.toSorted((a, b) => sumOfParts(b) - sumOfParts(a))[0] ?? null
}

/** What a process takes of each GPU that it uses, however little it puts there. */
export const PER_GPU: Partial<MemoryParts> = Object.freeze({
  compute: GPU_POOL,
  context: Math.ceil(GPU_CONTEXT * MARGIN),
})
