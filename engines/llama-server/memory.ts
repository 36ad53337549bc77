import { MIB } from '../../src/core/index.ts'
import type { Bytes, Tokens } from '../../src/core/index.ts'

/*
 * What llama-server takes: weights, cells of keys and values, and the buffer of its widest step. Each formula gives the
 * figures of llama.cpp's own planner to the MiB.
 */

/** Tokens of one step, where `args` do not say. */
export const UBATCH: Tokens = 512
/** Copies of a slot's state, where `args` do not say. */
export const CHECKPOINTS = 4

/** Cells are made in steps of this many. */
const CELLS: Tokens = 256
/** What the attention of a step takes per token of it beside its mask, with and without flash attention. */
const FLASH_SCRATCH: Bytes = (116 * MIB) / 512
const PLAIN_SCRATCH: Bytes = (44 * MIB) / 512
/** The largest copy of a slot's state that was seen. */
const CHECKPOINT_LIMIT: Bytes = 150_000_000
/** What the formulas may be wrong by. */
export const MARGIN = 1.05
/** Driver context of one process, on the newest cards. */
export const GPU_CONTEXT: Bytes = 550 * MIB
/** What the first long prompt makes the driver's pool grow by. */
export const GPU_POOL: Bytes = 512 * MIB
/** 30 MiB beside weights, cache and buffers were measured. */
export const HOST_BASE: Bytes = 128 * MIB
/** A block of a quantised cache has 32 elements; bytes per element of each type. */
export const CACHE_TYPES: Readonly<Record<string, number>> = Object.freeze({
  f32: 4,
  f16: 2,
  bf16: 2,
  q8_0: 34 / 32,
  q5_1: 24 / 32,
  q5_0: 22 / 32,
  q4_1: 20 / 32,
  q4_0: 18 / 32,
  iq4_nl: 18 / 32,
})

/** What a layer keeps of each token, or of each request. */
export type Layer =
  /** Elements of one key and one value. `window`: only so many tokens are seen. */
  | { readonly kind: 'attention'; readonly key: number; readonly value: number; readonly window: Tokens | null }
  /** A state of 32-bit numbers per request, however long it is. */
  | { readonly kind: 'recurrent'; readonly elements: number }

export interface Shape {
  readonly layers: readonly Layer[]
  readonly embedding: number
  readonly heads: number
  readonly vocabulary: number
}

export interface MemoryQuestion {
  readonly shape: Shape
  /** Of one pool that all slots share. */
  readonly cells: Tokens
  readonly slots: number
  readonly ubatch: Tokens
  readonly flashAttention: 'on' | 'off'
  /** Bytes of an element in the cache. */
  readonly keyBytes: number
  readonly valueBytes: number
  /** Windows are not used to keep less. */
  readonly fullWindows: boolean
}

/** Keys, values and states of all slots. */
export function cacheBytes(question: MemoryQuestion): Bytes {
  return question.shape.layers.reduce((sum, layer) => sum + layerCacheBytes(layer, question), 0)
}

export function layerCacheBytes(layer: Layer, question: MemoryQuestion): Bytes {
  if (layer.kind === 'recurrent') return layer.elements * 4 * question.slots
  return cellsOf(layer.window, question) * (layer.key * question.keyBytes + layer.value * question.valueBytes)
}

function cellsOf(window: Tokens | null, { cells, slots, ubatch, fullWindows }: MemoryQuestion): Tokens {
  const all = padded(cells)
  return window === null || fullWindows ? all : Math.min(all, padded(window * slots + ubatch))
}

/** The widest of its phases: the allocator uses the same memory for each. */
export function computeBytes({ shape, cells, ubatch, flashAttention }: MemoryQuestion): Bytes {
  const logits = 4 * ubatch * (shape.vocabulary + 2 * shape.embedding)
  const seen = padded(cells)
  const attention =
    flashAttention === 'on'
      ? ubatch * (2 * seen + FLASH_SCRATCH)
      : ubatch * (4 * seen * (shape.heads + 1) + PLAIN_SCRATCH)
  return Math.ceil(Math.max(logits, attention))
}

/** What goes into a step, in host memory: its tokens' vectors, twice, and a mask of 16 bits for each width of windows. */
export function inputBytes(question: MemoryQuestion): Bytes {
  const { shape, ubatch } = question
  const windows = new Set(shape.layers.map((layer) => (layer.kind === 'attention' ? layer.window : null)))
  const seen = [...windows].reduce<Tokens>((sum, window) => sum + cellsOf(window, question), 0)
  return ubatch * (2 * seen + 8 * shape.embedding)
}

/** Copies of what cannot be rolled back, `each` per slot, in host memory. A model that sees every token needs none. */
export function checkpointBytes({ shape, slots }: MemoryQuestion, each: number): Bytes {
  const state = shape.layers.reduce((sum, layer) => {
    if (layer.kind === 'recurrent') return sum + layer.elements * 4
    return layer.window === null ? sum : sum + layer.window * (layer.key + layer.value) * 2
  }, 0)
  return Math.min(state, CHECKPOINT_LIMIT) * each * slots
}

function padded(tokens: Tokens): Tokens {
  return Math.ceil(tokens / CELLS) * CELLS
}
