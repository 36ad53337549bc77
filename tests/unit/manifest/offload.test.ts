import { describe, expect, test } from 'vitest'
import { variantsOf } from '../../../src/core/index.ts'
import { modelOf, parseGood } from './helpers.ts'

describe('offload', () => {
  const ALL = { layers: 'all', experts: 'gpu' }
  const llama = ['engine: llama-server', 'source: file:m']
  const offloads = (...lines: string[]) => variantsOf(modelOf([...llama, ...lines])).map(({ offload }) => offload)

  test.each([
    ['{}', ALL],
    ['{ layers: 0 }', { ...ALL, layers: 0 }],
    ['{ layers: 999, experts: 0 }', { layers: 999, experts: 0 }],
    ['{ experts: gpu }', ALL],
  ])('%s', (written, expected) => {
    expect(offloads('gpus: any', `offload: ${written}`)).toEqual([expected])
  })

  test('of a variant is laid over that of the model, and left out where there is no GPU', () => {
    const variants = '[{ offload: { experts: 8 } }, { offload: { layers: all } }, { gpus: none }, { engine: vllm }]'
    expect(offloads('gpus: [0]', 'offload: { layers: 40, experts: cpu }', `variants: ${variants}`)).toEqual([
      { layers: 40, experts: 'cpu' },
      { layers: 40, experts: 8 },
      { layers: 'all', experts: 'cpu' },
      ALL,
      ALL,
    ])
  })

  test('of defaults is for models that have a use for it', () => {
    const { models } = parseGood(`version: 1
defaults: { offload: { layers: 8, experts: cpu } }
models:
  gpu: { engine: llama-server, source: file:m, gpus: any, offload: { layers: 9 } }
  host: { engine: llama-server, source: file:m, gpus: none }
  other: { engine: vllm, source: file:m, gpus: any }
`)
    expect([...models.values()].map(({ offload }) => offload)).toEqual([{ layers: 9, experts: 'cpu' }, ALL, ALL])
  })

  test('is right on a host without GPUs, where the manifest does not say that there are none', () => {
    expect(offloads('offload: { layers: 4 }', 'variants: [{ offload: { layers: 2 } }]')).toEqual([
      { ...ALL, layers: 4 },
      { ...ALL, layers: 2 },
    ])
  })
})
