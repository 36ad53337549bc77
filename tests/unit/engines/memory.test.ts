import { describe, expect, test } from 'vitest'

import * as tgi from '../../../engines/tgi/memory.ts'
import * as vllm from '../../../engines/vllm/memory.ts'
import { tgi as tgiAdapter } from '../../../engines/tgi/adapter.ts'
import { vllm as vllmAdapter } from '../../../engines/vllm/adapter.ts'
import { GIB, MIB, sumOfParts } from '../../../src/core/index.ts'
import { readModelConfig } from '../../../src/weights/index.ts'
import type { ModelConfig } from '../../../src/weights/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { TINY_CONFIG, writeWeightsDirectory } from '../../fixtures/safetensors.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const PLACES = { manifestDirectory: '/' }

/** Llama with 8 billion weights. */
const LLAMA: ModelConfig = {
  modelType: 'llama',
  layers: 32,
  hidden: 4096,
  intermediate: 14_336,
  heads: 32,
  keyValueHeads: 8,
  headSize: 128,
  vocabulary: 128_256,
  trainedContext: 131_072,
  sliding: null,
  latent: null,
  elementBytes: 2,
}
/** One vector of 512 + 64 per token and layer, for all heads. */
const LATENT: ModelConfig = { ...LLAMA, layers: 27, latent: { rank: 512, rope: 64 } }
/** 40 of 48 layers see 1,024 tokens. */
const SLIDING: ModelConfig = {
  ...LLAMA,
  layers: 48,
  keyValueHeads: 8,
  headSize: 256,
  sliding: { layers: 40, tokens: 1024 },
}

const question = (different: Partial<vllm.MemoryQuestion>): vllm.MemoryQuestion => ({
  config: LLAMA,
  weights: 16_060_522_496,
  context: 8192,
  requests: 1,
  sequences: 256,
  tensorParallel: 1,
  pipelineParallel: 1,
  cachedBytes: null,
  graphs: 'captured',
  ...different,
})

describe('vLLM: keys and values', () => {
  test.each<[string, Partial<vllm.MemoryQuestion>, number]>([
    ['8k tokens', {}, 1024],
    ['128k tokens', { context: 131_072 }, 16_384],
    ['8 requests of 8k', { requests: 8 }, 8192],
    ['8 bits', { cachedBytes: 1 }, 512],
    ['shared by 4 ranks', { tensorParallel: 4 }, 256],
    ['16 ranks keep a head each, though there are 8', { tensorParallel: 16 }, 128],
    ['layers on 2 ranks', { pipelineParallel: 2 }, 512],
    ['a latent vector', { config: LATENT }, 243],
    ['a latent vector, 128k', { config: LATENT, context: 131_072 }, 3888],
    ['a latent vector is not shared', { config: LATENT, tensorParallel: 8 }, 243],
    ['a window within the context', { config: SLIDING, context: 131_072 }, 8 * 1024 + 40 * 72],
    ['a context within the window and a step', { config: SLIDING }, 48 * 64],
  ])('%s', (_name, different, mebibytes) => {
    expect(vllm.cacheBytes(question(different)) / MIB).toBe(mebibytes)
  })

  test('in blocks of 16 tokens', () => {
    expect(vllm.cacheBytes(question({ context: 1 }))).toBe(vllm.cacheBytes(question({ context: 16 })))
    expect(vllm.cacheBytes(question({ context: 17 }))).toBe(vllm.cacheBytes(question({ context: 32 })))
  })
})

/** On top of each part, for what the formula may be wrong by. */
const MARGIN = 1.05

test('vLLM: the parts of a claim stand in the range that was measured', () => {
  const { weights, kv, compute, context } = vllm.gpuParts(question({}))
  // 14.99 GiB were loaded of this model in one log; 1 to 3 GiB of activations and 0.3 to 2.5 GiB of graphs are usual.
  expect(weights / MARGIN / GIB).toBeCloseTo(15.4, 1)
  expect(kv / MARGIN / GIB).toBeCloseTo(1, 6)
  expect(compute / GIB).toBeGreaterThan(1.3)
  expect(compute / GIB).toBeLessThan(5.5)
  expect(context / MARGIN / GIB).toBeCloseTo(0.55, 2)
  const eager = vllm.gpuParts(question({ graphs: 'none' }))
  expect((compute - eager.compute) / MARGIN / GIB).toBeCloseTo(1, 6)
})

test('vLLM: ranks share the weights, and each has buffers to talk through', () => {
  const one = vllm.gpuParts(question({}))
  const four = vllm.gpuParts(question({ tensorParallel: 4 }))
  expect(four.weights).toBe(Math.ceil(one.weights / 4))
  expect((four.context - one.context) / MARGIN / GIB).toBeCloseTo(1, 6)
})

test('vLLM on the host: the cache that is asked for is the one that the claim leaves', () => {
  const asked = question({ weights: 269_000_000, requests: 2 })
  expect(vllm.hostCache(sumOfParts(vllm.hostParts(asked)), asked.weights)).toBe(vllm.cacheBytes(asked))
  expect(vllm.hostCache(GIB, 8 * GIB)).toBe(MIB)
})

test('TGI: nine tenths of what is free becomes cache', () => {
  const asked = { config: LLAMA, weights: 16_060_522_496, context: 8192, requests: 8, shards: 1, cachedBytes: null }
  expect(tgi.cacheBytes(asked)).toBe(8 * GIB)
  expect(tgi.cacheBytes({ ...asked, shards: 2 })).toBe(4 * GIB)
  expect(tgi.cacheBytes({ ...asked, cachedBytes: 1 })).toBe(4 * GIB)
  const grown = tgi.gpuParts({ ...asked, requests: 16 }).kv - tgi.gpuParts(asked).kv
  expect(grown * 0.9).toBeCloseTo(8 * GIB, -1)
})

describe('what the adapters make of a directory', () => {
  const spec = { source: [], parallel: 8, concurrency: 256, context: 2048 }
  const weightsAt = (files = {}) => {
    const path = writeWeightsDirectory(`${temporaryDirectory()}/w`, files)
    return { path, bytes: 1000, architecture: null, trainedContext: 2048 }
  }

  test.each([
    [vllmAdapter, 'vllm'],
    [tgiAdapter, 'tgi'],
  ] as const)('%#: bytes of each GPU and of the host', async (adapter, engine) => {
    const weights = weightsAt()
    const onHost = await adapter.estimate?.(modelSpec({ ...spec, engine }), weights, PLACES)
    expect(onHost).toMatchObject({ perGpu: null, host: expect.any(Number), origin: 'formula' })
    const one = await adapter.estimate?.(modelSpec({ ...spec, engine, gpus: { kind: 'any' } }), weights, PLACES)
    const two = await adapter.estimate?.(
      modelSpec({ ...spec, engine, gpus: { kind: 'count', count: 2 } }),
      weights,
      PLACES,
    )
    const listed = await adapter.estimate?.(
      modelSpec({ ...spec, engine, gpus: { kind: 'list', gpus: [0, 1] } }),
      weights,
      PLACES,
    )
    expect(one?.perGpu).toBeGreaterThan(GIB / 2)
    expect(listed).toEqual(two)
    expect((two?.host ?? 0) - (one?.host ?? 0)).toBe(GIB)
  })

  test('files of 32 bits are narrowed to 16, unless `dtype` says otherwise', async () => {
    const gpus = { kind: 'any' } as const
    const wide = {
      ...weightsAt({ 'config.json': JSON.stringify({ ...TINY_CONFIG, torch_dtype: 'float32' }) }),
      bytes: GIB,
    }
    const narrow = { ...weightsAt(), bytes: GIB / 2 }
    const needs = async (weights: typeof wide, args: readonly (readonly [string, string])[] = []) =>
      vllmAdapter.estimate?.(modelSpec({ ...spec, engine: 'vllm', gpus, args }), weights, PLACES)
    expect(await needs(wide)).toEqual(await needs(narrow))
    expect((await needs(wide, [['dtype', 'float32']]))?.perGpu).toBeGreaterThan(GIB)
    expect(await tgiAdapter.estimate?.(modelSpec({ ...spec, engine: 'tgi', gpus }), wide, PLACES)).toEqual(
      await tgiAdapter.estimate?.(modelSpec({ ...spec, engine: 'tgi', gpus }), narrow, PLACES),
    )
  })

  test.each([vllmAdapter, tgiAdapter])('%#: nothing, where a figure is missing', async (adapter) => {
    const { num_hidden_layers: _layers, ...config } = TINY_CONFIG
    const weights = weightsAt({ 'config.json': JSON.stringify(config) })
    expect(await adapter.estimate?.(modelSpec({ ...spec, engine: adapter.name }), weights, PLACES)).toBeNull()
  })

  test.each([
    [{}, 2],
    [{ text_config: { ...TINY_CONFIG, num_hidden_layers: 4 } }, 4],
  ])('%j has %d layers', async (different, layers) => {
    const weights = weightsAt({ 'config.json': JSON.stringify({ ...TINY_CONFIG, ...different }) })
    expect((await readModelConfig(weights.path))?.layers).toBe(layers)
  })

  test.each([
    [{ sliding_window: 4096 }, { layers: 2, tokens: 4096 }],
    [{ sliding_window: 4096, use_sliding_window: false }, null],
    [
      { sliding_window: 4096, layer_types: ['full_attention', 'sliding_attention'] },
      { layers: 1, tokens: 4096 },
    ],
    [{ sliding_window: null }, null],
  ])('%j: a window of %j', async (different, sliding) => {
    const weights = weightsAt({ 'config.json': JSON.stringify({ ...TINY_CONFIG, ...different }) })
    expect((await readModelConfig(weights.path))?.sliding).toEqual(sliding)
  })
})
