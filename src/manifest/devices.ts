import { z } from 'zod'
import type { GpuRequest } from '../core/index.ts'
import { listOf, wholeNumber } from './leaves.ts'
import { GPU_INDEX_MAX, OFFLOAD_LAYERS_MAX } from './limits.ts'
import { positiveSize, size } from './notations.ts'

/** What a model says of the devices that it gets, and of what it takes there. */

const MEMORY = 'a size such as 24GiB, all, or { device, host }'
const PER_DEVICE = 'a size such as 24GiB, or all'
const perDevice = z.union([z.literal('all'), positiveSize(PER_DEVICE)], { error: PER_DEVICE })
export const memory = z.union(
  [
    z.literal('all'),
    positiveSize(MEMORY),
    z.strictObject({ device: perDevice.optional(), host: size.optional() }, { error: MEMORY }),
  ],
  { error: MEMORY },
)

const LAYERS = `a whole number from 0 to ${OFFLOAD_LAYERS_MAX}, or all`
const EXPERTS = `cpu, gpu, or a whole number from 0 to ${OFFLOAD_LAYERS_MAX}`
const layerCount = (error: string) => z.int({ error }).min(0, { error }).max(OFFLOAD_LAYERS_MAX, { error })
export const offloadLayers = z.union([z.literal('all', { error: LAYERS }), layerCount(LAYERS)], { error: LAYERS })
export const offloadExperts = z.union([z.enum(['cpu', 'gpu'], { error: EXPERTS }), layerCount(EXPERTS)], {
  error: EXPERTS,
})

const GPUS = 'any, none, a list such as [0] or [GPU-uuid], or { count: 2 }'
const GPU = 'the index of a GPU or its GPU-uuid'
const gpu = z.union(
  [
    z.int({ error: GPU }).min(0, { error: GPU }).max(GPU_INDEX_MAX, { error: GPU }),
    z.string().regex(/^GPU-[0-9A-Fa-f-]+$/, { error: GPU }),
  ],
  { error: GPU },
)
export const gpus = z
  .union(
    [
      z.enum(['any', 'none'], { error: GPUS }),
      listOf(gpu, GPUS).refine((list) => new Set(list).size === list.length, {
        error: 'a list that names no GPU twice',
      }),
      z.strictObject({ count: wholeNumber(1, GPU_INDEX_MAX + 1) }, { error: GPUS }),
    ],
    { error: GPUS },
  )
  .transform((request): GpuRequest => {
    if (typeof request === 'string') return { kind: request }
    return 'count' in request ? { kind: 'count', count: request.count } : { kind: 'list', gpus: request }
  })
