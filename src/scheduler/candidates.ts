import {
  HOST,
  resourceDevice,
  type Claim,
  type DeviceFacts,
  type GpuRequest,
  type ModelSpec,
  type Need,
} from '../core/index.ts'

/** Every set of devices that the model may be put on, as the claims it would make there. */
export function placementsFor(
  devices: readonly DeviceFacts[],
  { gpus, resources }: Pick<ModelSpec, 'gpus' | 'resources'>,
  need: Need,
): readonly (readonly Claim[])[] {
  const counted = Object.entries(resources).map(([name, count]): Claim => {
    return { device: resourceDevice(name), bytes: count, origin: 'declared' }
  })
  return memoryPlacements(devices, gpus, need).map((claims) => [...claims, ...counted])
}

function memoryPlacements(
  devices: readonly DeviceFacts[],
  request: GpuRequest,
  need: Need,
): readonly (readonly Claim[])[] {
  const host = devices.find((device) => device.id === HOST)
  const { parts } = need
  const hostClaim: Claim[] = host
    ? [{ device: HOST, bytes: need.host, origin: need.origin, ...(parts?.host && { parts: parts.host }) }]
    : []
  const gpus = gpusAmong(devices)
  const onGpus = (set: readonly DeviceFacts[]): Claim[] => [
    ...set.map((gpu): Claim => {
      const bytes = need.perGpu === 'all' ? gpu.total - gpu.reserve : (need.perGpu ?? 0)
      return { device: gpu.id, bytes, origin: need.origin, ...(parts?.perGpu && { parts: parts.perGpu }) }
    }),
    ...(need.host > 0 ? hostClaim : []),
  ]
  switch (request.kind) {
    case 'none':
      return host ? [hostClaim] : []
    case 'any':
      return gpus.map((gpu) => onGpus([gpu]))
    case 'count':
      return combinations(gpus, request.count).map(onGpus)
    case 'list': {
      const named = request.gpus.map((name) => gpus.find((gpu) => gpu.id === name || gpu.index === name))
      const found = named.filter((gpu) => gpu !== undefined)
      return found.length === named.length && found.length > 0 ? [onGpus(found)] : []
    }
    default:
      return request satisfies never
  }
}

/** In PCI bus order. */
export function gpusAmong(devices: readonly DeviceFacts[]): readonly DeviceFacts[] {
  return devices.filter((device) => device.kind === 'gpu').toSorted((a, b) => a.index - b.index)
}

function combinations<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  if (size === 0) return [[]]
  return items.flatMap((item, index) => combinations(items.slice(index + 1), size - 1).map((rest) => [item, ...rest]))
}

/** For people. */
export function describeRequest(request: GpuRequest): string {
  switch (request.kind) {
    case 'none':
      return 'the host'
    case 'any':
      return 'a GPU'
    case 'count':
      return `${request.count} GPUs`
    case 'list':
      return `GPU ${request.gpus.join(', ')}`
    default:
      return request satisfies never
  }
}
