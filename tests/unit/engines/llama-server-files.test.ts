import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { assert, describe, expect, test } from 'vitest'

import { llamaServer } from '../../../engines/llama-server/adapter.ts'
import { MARGIN } from '../../../engines/llama-server/memory.ts'
import { MIB } from '../../../src/core/index.ts'
import type { Bytes, MemoryParts, ModelSpec, Need } from '../../../src/core/index.ts'
import { ggufFile } from '../../fixtures/gguf-bytes.ts'
import type { GgufTensor, GgufValue } from '../../fixtures/gguf-bytes.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { tinyGguf, writeTinyGguf } from '../../fixtures/tiny-gguf.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

describe('the claim of a model with its files', () => {
  const GPU: Partial<ModelSpec> = { gpus: { kind: 'any' }, context: 2048 }
  /** Both layers and the output are alike but for their norms. */
  const LAYER = 4 * (2 * 64 + 4 * 64 * 64 + 3 * 64 * 128)
  const ADAPTER = 4 * 64 * 1024
  const EMBEDDING = 4 * 64 * 259
  const CACHE = 2048 * 2 * 2 * 64
  const plain = (bytes: Bytes): Bytes => Math.ceil(bytes * MARGIN)

  /** Weights, with a LoRA and a draft model where relative paths start. */
  function files() {
    const directory = temporaryDirectory()
    const path = join(directory, 'model.gguf')
    const weights = { path, bytes: writeTinyGguf(path), architecture: 'llama', trainedContext: 2048 }
    const lora = ['blk.0.attn_q.weight.lora_a', 'blk.1.attn_q.weight.lora_b'].map((name) => ({
      name,
      shape: [64, 1024],
      data: new Float32Array(64 * 1024),
    }))
    writeFileSync(
      join(directory, 'lora.gguf'),
      ggufFile([['general.type', { type: 'string', value: 'adapter' }]], lora),
    )
    writeFileSync(join(directory, 'none.gguf'), 'GGUX')
    mkdirSync(join(directory, 'drafts'))
    writeFileSync(join(directory, 'drafts', 'draft.gguf'), tinyGguf({ seed: 2 }))
    const needOf = async (keys: Partial<ModelSpec>): Promise<Need | null | undefined> =>
      llamaServer.estimate?.(modelSpec(keys), weights, { manifestDirectory: directory })
    const partsOf = async (keys: Partial<ModelSpec>): Promise<{ gpu: MemoryParts; host: MemoryParts }> => {
      const parts = (await needOf({ ...GPU, ...keys }))?.parts
      assert(parts?.perGpu && parts.host)
      return { gpu: parts.perGpu, host: parts.host }
    }
    return { directory, weights, needOf, partsOf }
  }

  test('on a GPU the host has the embeddings, the program, and what goes into a step', async () => {
    const { partsOf } = files()
    const { gpu, host } = await partsOf({})
    expect(gpu).toMatchObject({ weights: plain(2 * LAYER + 4 * 64 + EMBEDDING), kv: plain(2 * CACHE) })
    const inputs = 512 * (2 * 2048 + 8 * 64)
    expect(host).toEqual({ weights: plain(EMBEDDING), kv: 0, compute: plain(inputs), context: 128 * MIB })
  })

  test('layers, and a LoRA beside what it is for', async () => {
    const { partsOf } = files()
    const offload = { layers: 2, experts: 'gpu' } as const
    const { gpu, host } = await partsOf({ offload, args: [['lora-scaled', 'lora.gguf:0.5']] })
    expect(gpu).toMatchObject({ weights: plain(LAYER + ADAPTER + 4 * 64 + EMBEDDING), kv: plain(CACHE) })
    expect(host).toMatchObject({ weights: plain(EMBEDDING + LAYER + ADAPTER), kv: plain(CACHE) })
  })

  test('of several files, all of their tensors', async () => {
    const directory = temporaryDirectory()
    const layer = (index: number): GgufTensor => ({
      name: `blk.${index}.attn_q.weight`,
      shape: [1024, 1 + index],
      data: new Float32Array(1024 * (1 + index)),
    })
    const header: (readonly [string, GgufValue])[] = [
      ['general.architecture', { type: 'string', value: 'llama' }],
      ['llama.block_count', { type: 'u32', value: 2 }],
      ['llama.embedding_length', { type: 'u32', value: 64 }],
      ['llama.attention.head_count', { type: 'u32', value: 4 }],
    ]
    const [first, second] = ['00001', '00002'].map((part) => join(directory, `m-${part}-of-00002.gguf`))
    assert(first !== undefined && second !== undefined)
    writeFileSync(first, ggufFile(header, [layer(0)]))
    writeFileSync(second, ggufFile([], [layer(1)]))
    const weights = { path: first, bytes: 3 * 4096, architecture: 'llama', trainedContext: 2048 }
    const keys: Partial<ModelSpec> = { ...GPU, offload: { layers: 2, experts: 'gpu' } }
    const need = await llamaServer.estimate?.(modelSpec(keys), weights, { manifestDirectory: directory })
    expect([need?.parts?.perGpu?.weights, need?.parts?.host?.weights]).toEqual([plain(2 * 4096), plain(4096)])
  })

  test('several LoRA, by commas or in a list', async () => {
    const { directory, partsOf } = files()
    const commas = await partsOf({ args: [['lora', 'lora.gguf,lora.gguf']] })
    expect(await partsOf({ args: [['lora', ['lora.gguf', join(directory, 'lora.gguf')]]] })).toEqual(commas)
    expect(commas.gpu.weights).toBe(plain(2 * LAYER + 4 * ADAPTER + 4 * 64 + EMBEDDING))
  })

  test('a projector, on the GPU unless it is kept away, with room to compute', async () => {
    const { partsOf } = files()
    const bare = await partsOf({})
    const on = await partsOf({ args: [['mmproj', 'lora.gguf']] })
    expect(on.gpu.compute - bare.gpu.compute).toBe(plain(1024 * MIB))
    expect(on.gpu.weights).toBeGreaterThan(bare.gpu.weights)
    expect(on.host).toEqual(bare.host)
    const off = await partsOf({
      args: [
        ['-mm', 'lora.gguf'],
        ['no-mmproj-offload', true],
      ],
    })
    expect(off.gpu).toEqual(bare.gpu)
    expect(off.host.compute - bare.host.compute).toBe(plain(1024 * MIB))
  })

  test('a draft model, with a cache of the same context and of its own type', async () => {
    const { partsOf } = files()
    const bare = await partsOf({ args: [['ctk', 'q8_0']] })
    const args: ModelSpec['args'] = [
      ['ctk', 'q8_0'],
      ['model-draft', 'drafts/draft.gguf'],
    ]
    const on = await partsOf({ args })
    expect(on.gpu.weights).toBe(2 * bare.gpu.weights)
    expect(on.gpu.kv - bare.gpu.kv).toBe(plain(2 * CACHE))
    const off = await partsOf({ args: [...args, ['-ngld', '0'], ['ctkd', 'f32']] })
    expect(off.gpu).toMatchObject({ weights: bare.gpu.weights, kv: bare.gpu.kv })
    expect(off.host.kv).toBe(plain(3 * CACHE))
  })

  test('without GPUs the host has all of them', async () => {
    const { weights, needOf } = files()
    const host: Partial<ModelSpec> = { context: 2048 }
    const bare = (await needOf(host))?.parts?.host
    const all = (
      await needOf({
        ...host,
        args: [
          ['lora', 'lora.gguf'],
          ['mmproj', 'lora.gguf'],
          ['md', 'drafts/draft.gguf'],
        ],
      })
    )?.parts?.host
    expect((all?.weights ?? 0) - (bare?.weights ?? 0)).toBeGreaterThan(4 * ADAPTER + weights.bytes)
    expect(all?.kv).toBe(2 * (bare?.kv ?? 0))
  })

  test('a cache of prompts', async () => {
    const { partsOf } = files()
    const bare = await partsOf({})
    const kept = await partsOf({ args: [['--cache_ram', '2048']] })
    expect(kept.host.kv - bare.host.kv).toBe(2048 * MIB)
    expect(kept.gpu).toEqual(bare.gpu)
  })

  test('a model that drafts for itself has another buffer', async () => {
    const { partsOf } = files()
    const bare = await partsOf({})
    const own = await partsOf({ args: [['spec-type', 'ngram-simple,draft-mtp']] })
    expect(own.gpu.compute).toBeGreaterThan(bare.gpu.compute)
  })

  test.each<[string, ModelSpec['args']]>([
    ['other ways to split', [['split-mode', 'row']]],
    ['a split of one', [['tensor-split', '1,0']]],
  ])('%s: a GPU is claimed as if it had everything', async (_name, args) => {
    const { partsOf } = files()
    const two = { kind: 'count', count: 2 } as const
    const { weights: whole } = (await partsOf({})).gpu
    expect((await partsOf({ gpus: two, args })).gpu.weights).toBe(whole)
    expect((await partsOf({ gpus: two })).gpu.weights).toBeLessThan(whole)
  })

  test.each([
    [['mmproj', 'away.gguf'], 'mmproj', /ENOENT/],
    [['lora-scaled', 'none.gguf:1'], 'lora-scaled', /not a GGUF file/],
    [['-md', 'drafts'], 'model-draft', /EISDIR|not a GGUF file/],
  ] as const)('%j is no such file', async (arg, flag, why) => {
    const { directory, needOf } = files()
    await expect(needOf({ ...GPU, args: [arg] })).rejects.toMatchObject({
      code: 'engine_file_wrong',
      facts: { model: 'tiny', flag, path: expect.stringContaining(directory), why: expect.stringMatching(why) },
    })
  })
})
