import { describe, expect, test } from 'vitest'

import { llamaServer } from '../../../engines/llama-server/adapter.ts'
import { vllm } from '../../../engines/vllm/adapter.ts'
import type { ModelSpec } from '../../../src/core/index.ts'
import { planRequest } from './request.ts'

const GPU = { gpuUuids: ['GPU-a'], gpuIndices: [0] }
const props = (facts: object): string =>
  JSON.stringify({
    default_generation_settings: { params: { max_tokens: -1 }, n_ctx: 2048 },
    total_slots: 2,
    model_alias: 'tiny',
    model_path: '/weights/model.gguf',
    chat_template: '"n_ctx":1',
    ...facts,
  })
const buffers = (...names: readonly string[]): string[] =>
  names.map((name) => `0.00.1 I load_tensors: ${name.padStart(12)} model buffer size =   128.50 MiB`)
const offloaded = (count: number): string => `0.00.1 I load_tensors: offloaded ${count}/33 layers to GPU`

describe('llama-server says of itself', () => {
  test.each<[what: string, facts: object, model: Partial<ModelSpec>, expected: string | null]>([
    ['all that was asked', {}, { context: 2048, parallel: 2 }, null],
    ['more', {}, { context: 1000, parallel: 1 }, null],
    ['a shorter context', {}, { context: 8192 }, 'serves 2048 tokens of context where `context: 8192` was asked'],
    [
      'fewer slots',
      { total_slots: 1 },
      { parallel: 2 },
      'answers no more than 1 at once where `parallel: 2` was asked',
    ],
    [
      'other weights',
      { model_path: '/weights/other "one".gguf' },
      {},
      'serves /weights/other "one".gguf where /weights/model.gguf was asked',
    ],
    [
      'nothing that we know',
      { default_generation_settings: {}, total_slots: null, model_path: 1, chat_template: '' },
      {},
      null,
    ],
  ])('%s', (_, facts, model, expected) => {
    expect(llamaServer.compare?.shortfall(planRequest(model), props(facts), [])).toBe(expected)
  })

  test('its answer may be cut anywhere', () => {
    const whole = props({})
    for (let length = 0; length < whole.length; length += 1) {
      const said = llamaServer.compare?.shortfall(planRequest({ context: 20, parallel: 2 }), whole.slice(0, length), [])
      // A number of which the end is missing: an answer is cut after 64 KiB, far behind it.
      expect(said === null || /^serves (2|20|204) tokens/.test(said ?? '')).toBe(true)
    }
  })

  test.each<[what: string, layers: 'all' | number, tail: readonly string[], expected: RegExp | null]>([
    ['all layers on the GPU', 'all', [offloaded(33), ...buffers('CPU_Mapped', 'CUDA0')], null],
    ['on two', 'all', [offloaded(33), ...buffers('CUDA_Host', 'CUDA0', 'CUDA1')], null],
    ['some, as asked', 20, [offloaded(20), ...buffers('CPU_Mapped', 'Vulkan0')], null],
    ['more than there are', 40, [offloaded(33), ...buffers('CUDA0')], null],
    ['none, as asked', 0, [offloaded(0), ...buffers('CPU_Mapped')], null],
    ['fewer than asked', 'all', [offloaded(20), ...buffers('CUDA0')], /^has 20 of 33 layers on the GPU where `offload/],
    [
      'no GPU, though it says otherwise',
      'all',
      [offloaded(33), ...buffers('CPU_Mapped', 'AMX')],
      /^found no GPU .*\(CPU_Mapped, AMX\)/,
    ],
    ['nothing', 'all', [], null],
  ])('in its log: %s', (_, layers, tail, expected) => {
    const request = planRequest({ offload: { layers, experts: 'gpu' } }, GPU)
    const said = llamaServer.compare?.shortfall(request, props({}), tail)
    if (expected === null) expect(said).toBeNull()
    else expect(said).toMatch(expected)
  })

  test('where its buffers lie, which it says only when it is told to', () => {
    expect(llamaServer.plan(planRequest({}, GPU)).argv).toEqual(expect.arrayContaining(['--log-verbosity', '4']))
    expect(llamaServer.plan(planRequest({ args: [['lv', '2']] }, GPU)).argv).not.toContain('--log-verbosity')
    expect(llamaServer.plan(planRequest()).argv).not.toContain('--log-verbosity')
  })
})

test.each([
  ['{"data":[{"id":"m","max_model_len":2048}]}', null],
  ['{"data":[{"id":"m","max_model_len":1024}]}', 'serves 1024 tokens of context where `context: 2048` was asked'],
  ['{"data":[{"id":"m"}]}', null],
])('vLLM says of itself %s', (answer, expected) => {
  expect(vllm.compare?.shortfall(planRequest({ engine: 'vllm', context: 2048 }), answer, [])).toBe(expected)
})
