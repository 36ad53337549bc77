import { expect, test } from 'vitest'

import { GIB, MIB } from '../../../src/core/index.ts'
import type { ModelSpec, Need } from '../../../src/core/index.ts'
import { needOf } from '../../../src/engine/need.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'

const WEIGHTS = { path: '/w', bytes: 10 * GIB, architecture: null, trainedContext: null } as const
const GPU = { kind: 'any' } as const
const HOST = { kind: 'none' } as const

test.each<[string, Partial<ModelSpec>, Need]>([
  [
    'declared per GPU',
    { gpus: GPU, memory: { device: 20 * GIB, host: 8 * GIB } },
    { perGpu: 20 * GIB, host: 8 * GIB, origin: 'declared' },
  ],
  [
    'the whole of each GPU',
    { gpus: GPU, memory: { device: 'all', host: 0 } },
    { perGpu: 'all', host: 0, origin: 'declared' },
  ],
  [
    'declared on the host',
    { gpus: HOST, memory: { device: 0, host: 6 * GIB } },
    { perGpu: null, host: 6 * GIB, origin: 'declared' },
  ],
  [
    'declared for a GPU, run on the host',
    { gpus: HOST, memory: { device: 20 * GIB, host: 8 * GIB } },
    { perGpu: null, host: 28 * GIB, origin: 'declared' },
  ],
  [
    'by the weights, on each GPU',
    { gpus: { kind: 'count', count: 2 } },
    { perGpu: 14 * GIB, host: 0, origin: 'formula' },
  ],
  ['by the weights, on the host', { gpus: HOST }, { perGpu: null, host: 12 * GIB + 256 * MIB, origin: 'formula' }],
  ['nothing that is known', { gpus: HOST, engine: 'command' }, { perGpu: null, host: 0, origin: 'formula' }],
])('%s', (_name, model, need) => {
  expect(needOf(modelSpec(model), WEIGHTS)).toEqual(need)
})

test('bytes are whole', () => {
  const { host } = needOf(modelSpec({ gpus: HOST }), { ...WEIGHTS, bytes: 98_362_433 })
  expect(Number.isInteger(host)).toBe(true)
})
