import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { llamaServer } from '../../../engines/llama-server/adapter.ts'
import { cacheBytes, checkpointBytes, computeBytes, inputBytes } from '../../../engines/llama-server/memory.ts'
import type { Layer, MemoryQuestion, Shape } from '../../../engines/llama-server/memory.ts'
import { shapeOf } from '../../../engines/llama-server/shape.ts'
import { MIB } from '../../../src/core/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { writeTinyGguf } from '../../fixtures/tiny-gguf.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const PLACES = { manifestDirectory: '/' }

const attention = (width: number, window: number | null = null): Layer => ({
  kind: 'attention',
  key: width,
  value: width,
  window,
})
const repeat = (times: number, layer: Layer): Layer[] => Array.from({ length: times }, () => layer)

/** Shapes of real models, whose figures llama.cpp's planner gave to the MiB. */
const LLAMA_8B: Shape = { layers: repeat(32, attention(8 * 128)), embedding: 4096, heads: 32, vocabulary: 128_256 }
const EXPERTS_30B: Shape = { layers: repeat(48, attention(4 * 128)), embedding: 2048, heads: 32, vocabulary: 151_936 }
const GEMMA_12B: Shape = {
  layers: [...repeat(8, attention(8 * 256)), ...repeat(40, attention(8 * 256, 1024))],
  embedding: 3840,
  heads: 16,
  vocabulary: 262_144,
}
const LATENT: Shape = { ...LLAMA_8B, layers: repeat(27, { kind: 'attention', key: 512 + 64, value: 0, window: null }) }
/** 64 layers, inner width 5120, state 128, convolution over 4, one group. */
const MAMBA: Shape = {
  ...LLAMA_8B,
  layers: repeat(64, { kind: 'recurrent', elements: 3 * (5120 + 2 * 128) + 128 * 5120 }),
}

const question = (shape: Shape, cells: number, different: Partial<MemoryQuestion> = {}): MemoryQuestion => ({
  shape,
  cells,
  slots: 1,
  ubatch: 512,
  flashAttention: 'on',
  keyBytes: 2,
  valueBytes: 2,
  fullWindows: false,
  ...different,
})
const K = 1024

test.each<[string, MemoryQuestion, number]>([
  ['full attention, 8k', question(LLAMA_8B, 8 * K), 1024],
  ['full attention, 128k', question(LLAMA_8B, 128 * K), 16_384],
  ['the same for more slots', question(LLAMA_8B, 8 * K, { slots: 8 }), 1024],
  ['q8_0 at 32k', question(LLAMA_8B, 32 * K, { keyBytes: 34 / 32, valueBytes: 34 / 32 }), 2176],
  ['rounded up to 256 cells', question(LLAMA_8B, 8 * K - 255), 1024],
  ['a sliding window, 8k', question(GEMMA_12B, 8 * K), 992],
  ['a sliding window, 128k', question(GEMMA_12B, 128 * K), 8672],
  ['windows that are kept whole, 32k', question(GEMMA_12B, 32 * K, { fullWindows: true }), 12_288],
  ['a latent vector, 8k', question(LATENT, 8 * K), 243],
  ['a latent vector, 128k', question(LATENT, 128 * K), 3888],
])('cache: %s', (_name, asked, mebibytes) => {
  expect(cacheBytes(asked) / MIB).toBe(mebibytes)
})

test.each([4 * K, 128 * K])('cache: a state per request, whatever its length of %d', (cells) => {
  expect(cacheBytes(question(MAMBA, cells)) / MIB).toBeCloseTo(163.9, 1)
  expect(cacheBytes(question(MAMBA, cells, { slots: 4 })) / MIB).toBeCloseTo(4 * 163.9, 0)
})

test.each<[string, MemoryQuestion, number]>([
  ['logits of 8B', question(LLAMA_8B, 8 * K), 266],
  ['logits of 30B with experts', question(EXPERTS_30B, 8 * K), 304],
  ['logits of 12B', question(GEMMA_12B, 8 * K), 527],
  ['steps of 128', question(LLAMA_8B, 8 * K, { ubatch: 128 }), 66],
  ['steps of 2,048', question(LLAMA_8B, 8 * K, { ubatch: 2048 }), 1066],
  ['a mask of 256k', question(LLAMA_8B, 256 * K), 372],
  ['a mask of 1M', question(LLAMA_8B, 1024 * K), 1140],
  ['without flash attention, 8k', question(LLAMA_8B, 8 * K, { flashAttention: 'off' }), 572],
  ['without flash attention, 32k', question(LLAMA_8B, 32 * K, { flashAttention: 'off' }), 2156],
  ['without flash attention, 128k', question(LLAMA_8B, 128 * K, { flashAttention: 'off' }), 8492],
  [
    'without flash attention, 32k, steps of 2,048',
    question(LLAMA_8B, 32 * K, { flashAttention: 'off', ubatch: 2048 }),
    8624,
  ],
])('compute: %s', (_name, asked, mebibytes) => {
  expect(Math.floor(computeBytes(asked) / MIB)).toBe(mebibytes)
})

test('checkpoints: none for a model that sees every token, at most what was seen for others', () => {
  expect(checkpointBytes(question(LLAMA_8B, 8 * K), 4)).toBe(0)
  expect(checkpointBytes(question(GEMMA_12B, 8 * K, { slots: 2 }), 4)).toBe(4 * 2 * 150_000_000)
  expect(checkpointBytes(question(GEMMA_12B, 8 * K), 0)).toBe(0)
})

test('what goes into a step: its vectors, and a mask for each width of windows', () => {
  expect(inputBytes(question({ ...LLAMA_8B, embedding: 512 }, 8 * K)) / MIB).toBe(10)
  const windows = inputBytes(question(GEMMA_12B, 32 * K)) - inputBytes(question({ ...GEMMA_12B, layers: [] }, 32 * K))
  expect(windows).toBe(512 * 2 * (32 * K + 1536))
})

describe('shapes, from headers', () => {
  const header = (
    architecture: string,
    scalars: Record<string, number>,
    lists: Record<string, (number | boolean)[]> = {},
  ) => ({
    version: 3,
    tensors: [],
    architecture,
    trainedContext: null,
    entries: new Map([['tokenizer.ggml.tokens', 1000]]),
    scalars: new Map(Object.entries(scalars).map(([key, value]) => [`${architecture}.${key}`, value])),
    lists: new Map(Object.entries(lists).map(([key, value]) => [`${architecture}.${key}`, value])),
  })
  const base = { block_count: 6, embedding_length: 512, 'attention.head_count': 8, 'attention.head_count_kv': 2 }
  const widths = (shape: Shape | null) =>
    shape?.layers.map((layer) => (layer.kind === 'attention' ? layer.key : 'state'))
  const windows = (shape: Shape | null) =>
    shape?.layers.map((layer) => (layer.kind === 'attention' ? layer.window : 'state'))

  test('grouped heads, and the tokens counted', () => {
    const shape = shapeOf(header('llama', base))
    expect(widths(shape)).toEqual(Array(6).fill(128))
    expect(shape).toMatchObject({ vocabulary: 1000, heads: 8, embedding: 512 })
  })
  test('a head count for each layer, none for those with a state', () => {
    const { 'attention.head_count_kv': _one, ...rest } = base
    const ssm = { 'ssm.inner_size': 64, 'ssm.state_size': 16, 'ssm.conv_kernel': 4, 'ssm.group_count': 1 }
    const shape = shapeOf(header('hybrid', { ...rest, ...ssm }, { 'attention.head_count_kv': [0, 0, 2, 0, 0, 4] }))
    expect(widths(shape)).toEqual(['state', 'state', 128, 'state', 'state', 256])
  })
  test('a model of states alone', () => {
    const ssm = { 'ssm.inner_size': 64, 'ssm.state_size': 16, 'ssm.conv_kernel': 4 }
    expect(widths(shapeOf(header('mamba', { block_count: 2, embedding_length: 32, ...ssm })))).toEqual([
      'state',
      'state',
    ])
  })
  test('windows: listed, every so many, known by the architecture, or all counted whole', () => {
    const sliding = { ...base, 'attention.sliding_window': 1024 }
    const listed = { 'attention.sliding_window_pattern': [true, true, false, true, true, false] }
    expect(windows(shapeOf(header('x', sliding, listed)))).toEqual([1024, 1024, null, 1024, 1024, null])
    const every = { ...sliding, 'attention.sliding_window_pattern': 2 }
    expect(windows(shapeOf(header('x', every)))).toEqual([1024, null, 1024, null, 1024, null])
    expect(windows(shapeOf(header('gemma3', sliding)))).toEqual([1024, 1024, 1024, 1024, 1024, null])
    expect(windows(shapeOf(header('x', sliding)))).toEqual(Array(6).fill(null))
  })
  test('a latent vector', () => {
    const shape = shapeOf(header('deepseek2', { ...base, 'attention.kv_lora_rank': 512, 'rope.dimension_count': 64 }))
    expect(widths(shape)).toEqual(Array(6).fill(576))
  })
  test('nothing, where a figure is missing', () => {
    expect(shapeOf(header('x', { embedding_length: 1 }))).toBeNull()
    expect(shapeOf(header('x', { block_count: 1, embedding_length: 1 }))).toBeNull()
  })
})

describe('the adapter', () => {
  /** A real file, with what a launch of it needs. */
  function tiny() {
    const path = join(temporaryDirectory(), 'tiny.gguf')
    const bytes = writeTinyGguf(path)
    const weights = { path, bytes, architecture: 'llama', trainedContext: 2048 }
    return { weights, needOf: (keys = {}) => llamaServer.estimate?.(modelSpec(keys), weights, PLACES) }
  }

  test('more context, more requests and finer caches need more', async () => {
    const { weights, needOf } = tiny()
    const plain = (await needOf({ context: 2048 }))?.host ?? 0
    expect(plain).toBeGreaterThan(weights.bytes)
    const larger = [
      { context: 8192 },
      { context: 2048, parallel: 4 },
      { context: 2048, args: [['-ctk', 'f32']] },
      { context: 2048, args: [['ubatch-size', '2048']] },
    ]
    for (const keys of larger) expect((await needOf(keys))?.host, JSON.stringify(keys)).toBeGreaterThan(plain)
    expect((await needOf({ context: 2048, args: [['cache-type-v', 'q4_0']] }))?.host).toBeLessThan(plain)
  })
  test('a file that is no GGUF is judged by its size', async () => {
    const other = { ...tiny().weights, path: '/dev/null' }
    expect(await llamaServer.estimate?.(modelSpec(), other, PLACES)).toBeNull()
  })
})
