import { expect, test } from 'vitest'

import { GIB } from '../../../src/core/index.ts'
import type { DeviceFacts, GpuRequest, Need } from '../../../src/core/index.ts'
import { everFits } from '../../../src/gpu/index.ts'

const at = { name: '', measuredFree: 0, measuredAt: 0 }
const HOST: DeviceFacts = { ...at, id: 'host', kind: 'host', index: 0, total: 10 * GIB, reserve: 2 * GIB }
const gpu = (index: number, size: number): DeviceFacts => ({
  ...at,
  id: `GPU-${index}`,
  kind: 'gpu',
  index,
  total: size * GIB,
  reserve: GIB,
})
const GPUS = [HOST, gpu(0, 48), gpu(1, 24), gpu(2, 24)]

const onHost = (host: number): Need => ({ perGpu: null, host: host * GIB, origin: 'formula' })
const onGpu = (perGpu: number | 'all', host = 0): Need => ({
  perGpu: perGpu === 'all' ? 'all' : perGpu * GIB,
  host: host * GIB,
  origin: 'formula',
})

test.each<
  readonly [name: string, Need, GpuRequest, readonly DeviceFacts[], fits: true | readonly [string, number, number]]
>([
  ['what the host may give', onHost(8), { kind: 'none' }, [HOST], true],
  ['more than that', onHost(9), { kind: 'none' }, [HOST], ['host', 9, 8]],
  ['a host that is not known', onHost(1), { kind: 'none' }, [], ['host', 1, 0]],
  ['any GPU, the largest', onGpu(47), { kind: 'any' }, GPUS, true],
  ['any GPU, none large enough', onGpu(48), { kind: 'any' }, GPUS, ['GPU-0', 48, 47]],
  ['three GPUs, as the smallest has it', onGpu(23), { kind: 'count', count: 3 }, GPUS, true],
  ['two GPUs, one too small', onGpu(24), { kind: 'count', count: 2 }, GPUS, ['GPU-1', 24, 23]],
  ['more GPUs than there are', onGpu(1), { kind: 'count', count: 4 }, GPUS, ['GPU', 1, 0]],
  ['a list by index and id', onGpu(23), { kind: 'list', gpus: [1, 'GPU-2'] }, GPUS, true],
  ['a list with one that is not there', onGpu(1), { kind: 'list', gpus: [0, 7] }, GPUS, ['GPU', 1, 0]],
  ['a GPU whole', onGpu('all'), { kind: 'any' }, GPUS, true],
  ['a GPU whole where there is none', onGpu('all'), { kind: 'any' }, [HOST], ['GPU', 1 / GIB, 0]],
  ['a GPU, and too much of the host', onGpu(1, 9), { kind: 'any' }, GPUS, ['host', 9, 8]],
])('%s', (_name, need, request, devices, expected) => {
  const fit = everFits(need, request, devices)
  if (expected === true) expect(fit).toEqual({ fits: true })
  else {
    const [device, needed, largest] = expected
    expect(fit).toEqual({ fits: false, device, needed: needed * GIB, largest: largest * GIB })
  }
})
