import { describe, expect, test } from 'vitest'

import { MARGIN } from '../../../engines/llama-server/memory.ts'
import type { Layer, MemoryQuestion } from '../../../engines/llama-server/memory.ts'
import { deviceParts, devicesOf } from '../../../engines/llama-server/placement.ts'
import type { Placement } from '../../../engines/llama-server/placement.ts'
import { evenTensorBytes, tensorBytes } from '../../../engines/llama-server/tensors.ts'
import { MIB } from '../../../src/core/index.ts'
import type { Bytes, OffloadSpec } from '../../../src/core/index.ts'
import type { GgufTensor } from '../../../src/weights/index.ts'

/*
 * Two models of eight layers in 32 bits, 512 wide, with 2,000 tokens. The figures in the tables are the buffers that
 * llama-server 0.10068.0 printed for files of these shapes on a device that is a GPU to it, at 8,192 tokens.
 */

const LAYERS = 8
const tensor = (name: string, ...shape: number[]): GgufTensor => ({
  name,
  bytes: 4 * shape.reduce((product, length) => product * length, 1),
})

const ATTENTION = (block: string): GgufTensor[] => [
  tensor(`${block}.attn_norm.weight`, 512),
  tensor(`${block}.attn_q.weight`, 512, 512),
  tensor(`${block}.attn_k.weight`, 512, 128),
  tensor(`${block}.attn_v.weight`, 512, 128),
  tensor(`${block}.attn_output.weight`, 512, 512),
  tensor(`${block}.ffn_norm.weight`, 512),
]
const DENSE = (block: string): GgufTensor[] => [
  tensor(`${block}.ffn_gate.weight`, 512, 1024),
  tensor(`${block}.ffn_up.weight`, 512, 1024),
  tensor(`${block}.ffn_down.weight`, 1024, 512),
]
/** 16 of them, and what chooses among them. */
const EXPERTS = (block: string): GgufTensor[] => [
  tensor(`${block}.attn_q_norm.weight`, 64),
  tensor(`${block}.attn_k_norm.weight`, 64),
  tensor(`${block}.ffn_gate_inp.weight`, 512, 16),
  tensor(`${block}.ffn_gate_exps.weight`, 512, 256, 16),
  tensor(`${block}.ffn_up_exps.weight`, 512, 256, 16),
  tensor(`${block}.ffn_down_exps.weight`, 256, 512, 16),
]

const around = (blocks: readonly GgufTensor[], isTied = false): GgufTensor[] => [
  tensor('token_embd.weight', 512, 2000),
  ...blocks,
  tensor('output_norm.weight', 512),
  ...(isTied ? [] : [tensor('output.weight', 512, 2000)]),
]
const blocks = (...kinds: readonly ((block: string) => GgufTensor[])[]): GgufTensor[] =>
  Array.from({ length: LAYERS }, (_, index) => kinds.flatMap((kind) => kind(`blk.${index}`))).flat()

const MODELS = {
  dense: around(blocks(ATTENTION, DENSE)),
  tied: around(blocks(ATTENTION, DENSE), true),
  experts: around(blocks(ATTENTION, EXPERTS)),
}

const attention: Layer = { kind: 'attention', key: 128, value: 128, window: null }
const QUESTION: MemoryQuestion = {
  shape: { layers: Array.from({ length: LAYERS }, () => attention), embedding: 512, heads: 8, vocabulary: 2000 },
  cells: 8192,
  slots: 1,
  ubatch: 512,
  flashAttention: 'on',
  keyBytes: 2,
  valueBytes: 2,
  fullWindows: false,
}

const place = (layers: OffloadSpec['layers'], experts: OffloadSpec['experts'] = 'gpu'): Placement => ({
  offload: { layers, experts },
  split: [1],
  cache: 'beside_its_layer',
  hostWeights: 'computed_by_gpu',
})

/** Without the margin, in MiB as the engine prints them. */
const shown = (bytes: Bytes): number => Number((bytes / MARGIN / MIB).toFixed(2))

test.each<[keyof typeof MODELS, Placement, gpu: [weights: number, kv: number], host: [weights: number, kv: number]]>([
  ['dense', place('all'), [71.94, 32], [3.91, 0]],
  ['dense', place(9), [71.94, 32], [3.91, 0]],
  ['dense', place(999), [71.94, 32], [3.91, 0]],
  ['dense', place(8), [63.44, 28], [12.41, 4]],
  ['dense', place(5), [37.92, 16], [37.92, 16]],
  ['dense', place(1), [3.91, 0], [71.94, 32]],
  ['dense', place(0), [0, 0], [75.85, 32]],
  ['tied', place('all'), [71.94, 32], [3.91, 0]],
  ['tied', place(5), [37.92, 16], [37.92, 16]],
  ['tied', place(0), [0, 0], [71.94, 32]],
  ['experts', place('all'), [216.19, 32], [3.91, 0]],
  // Of what lies between tensors of the host in the file the engine prints more there: it maps it whole.
  ['experts', place('all', 'cpu'), [24.19, 32], [195.91, 0]],
  ['experts', place('all', 3), [144.19, 32], [75.91, 0]],
  ['experts', place(5, 3), [110.05, 16], [110.05, 16]],
  ['experts', place(5, 6), [62.05, 16], [158.05, 16]],
  ['experts', { ...place(5), cache: 'host' }, [110.05, 0], [110.05, 32]],
])('%s, %o: what is where', (name, placement, onGpu, onHost) => {
  const { gpus, host } = deviceParts(QUESTION, tensorBytes(MODELS[name], LAYERS), placement)
  expect(gpus.map(({ weights, kv }) => [shown(weights), shown(kv)])).toEqual([onGpu])
  expect([shown(host.weights), shown(host.kv)]).toEqual(onHost)
})

test.each<[split: number[], offload: OffloadSpec, gpus: [weights: number, kv: number][]]>([
  [
    [1, 1],
    { layers: 'all', experts: 'gpu' },
    [
      [132.68, 20],
      [83.52, 12],
    ],
  ],
  [
    [1, 1],
    { layers: 6, experts: 'gpu' },
    [
      [79.61, 12],
      [56.98, 8],
    ],
  ],
  [
    [2, 1],
    { layers: 'all', experts: 2 },
    [
      [111.21, 24],
      [56.98, 8],
    ],
  ],
])('split %j, %o', (split, offload, expected) => {
  const { gpus } = deviceParts(QUESTION, tensorBytes(MODELS.experts, LAYERS), { ...place('all'), split, offload })
  for (const [index, [weights, kv]] of expected.entries()) {
    expect(Math.abs(shown(gpus[index]?.weights ?? 0) - weights)).toBeLessThan(0.02)
    expect(shown(gpus[index]?.kv ?? 0)).toBe(kv)
  }
})

test.each<[layers: OffloadSpec['layers'], requests: number, gpu: number, host: number]>([
  ['all', 1, 15.5, 0],
  [7, 1, 7.75, 7.75],
  [7, 4, 27.25, 27.25],
])(
  'windows in five of six layers, %s on the GPU for %d requests: what is kept where',
  (layers, requests, gpu, host) => {
    const sliding: Layer = { ...attention, window: 1024 }
    const shape = {
      ...QUESTION.shape,
      layers: Array.from({ length: 12 }, (_, at) => (at % 6 === 5 ? attention : sliding)),
    }
    const question = { ...QUESTION, shape, cells: 8192 * requests, slots: requests }
    const { gpus, host: left } = deviceParts(question, evenTensorBytes(0, 12), place(layers))
    expect([shown(gpus[0]?.kv ?? 0), shown(left.kv)]).toEqual([gpu, host])
  },
)

describe('layers on devices', () => {
  const devices = (layers: OffloadSpec['layers'], split: number[]) =>
    devicesOf(4, { ...place(layers), split }).map((device) => device ?? 'host')

  test.each<[OffloadSpec['layers'], number[], (number | 'host')[]]>([
    ['all', [1], [0, 0, 0, 0, 0]],
    ['all', [], ['host', 'host', 'host', 'host', 'host']],
    [1, [1], ['host', 'host', 'host', 'host', 0]],
    [4, [1, 1], ['host', 0, 0, 1, 1]],
    ['all', [1, 1], [0, 0, 0, 1, 1]],
    ['all', [0, 1], [1, 1, 1, 1, 1]],
    ['all', [4, 1], [0, 0, 0, 0, 1]],
    [2, [1, 1, 1], ['host', 'host', 'host', 0, 1]],
  ])('%s on %j', (layers, split, expected) => {
    expect(devices(layers, split)).toEqual(expected)
  })
})

describe('the buffer of a step on a GPU', () => {
  const compute = (placement: Placement, name: keyof typeof MODELS = 'experts'): Bytes =>
    shown(deviceParts(QUESTION, tensorBytes(MODELS[name], LAYERS), placement).gpus[0]?.compute ?? 0)
  const plain = compute(place('all'))

  test.each<[string, Placement, keyof typeof MODELS, measured: number]>([
    ['an expert tensor', place('all', 'cpu'), 'experts', 8],
    ['an expert tensor of a layer on the host', place(5), 'experts', 11],
    ['a tensor of a layer on the host', place(8), 'dense', 3],
    ['nothing, where the host computes', { ...place(5), hostWeights: 'computed_by_host' }, 'experts', 0],
  ])('has %s', (_name, placement, name, measured) => {
    const more = compute(placement, name) - plain
    expect(more).toBeGreaterThanOrEqual(measured)
    expect(more).toBeLessThanOrEqual(measured + 3)
  })

  test('has what goes into a step four times where several GPUs have all of a model', () => {
    // 28.03 MiB more were measured, of 10.
    expect(compute({ ...place('all'), split: [1, 1] }) - plain).toBe(30)
    expect(compute({ ...place('all', 'cpu'), split: [1, 1] })).toBe(compute(place('all', 'cpu')))
  })
})

test('tensors without names of layers are taken for equal ones', () => {
  const { gpus, host } = deviceParts(QUESTION, evenTensorBytes(90 * MIB, LAYERS), place(5))
  expect([shown(gpus[0]?.weights ?? 0), shown(host.weights)]).toEqual([50, 40])
  const apart = deviceParts(QUESTION, evenTensorBytes(90 * MIB, LAYERS), place('all', 'cpu'))
  expect([shown(apart.gpus[0]?.weights ?? 0), shown(apart.host.weights)]).toEqual([90, 80])
  const both = deviceParts(QUESTION, evenTensorBytes(90 * MIB, LAYERS), place(5, 'cpu'))
  expect([shown(both.gpus[0]?.weights ?? 0), shown(both.host.weights)]).toEqual([50, 80])
})

test.each([
  ['blk.0.ffn_up_exps.weight', true],
  ['blk.0.ffn_gate_up_exps.weight', true],
  ['blk.0.ffn_down_chexps.weight', true],
  ['blk.0.ffn_down_exps.bias', true],
  ['blk.0.ffn_up_exps.weight.lora_a', true],
  ['blk.0.ffn_gate_inp.weight', false],
  ['blk.0.ffn_up_shexp.weight', false],
  ['blk.0.exp_probs_b.bias', false],
])('%s is of the experts: %s', (name, isExpert) => {
  expect(tensorBytes([{ name, bytes: 1 }], 1).layers[0]?.experts).toBe(isExpert ? 1 : 0)
})
