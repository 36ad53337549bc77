import { HOST } from '../core/index.ts'
import type { Bytes, DeviceFacts, DeviceId, GpuRequest, Need } from '../core/index.ts'

/** Whether a host could ever hold a model, were it empty of everything else. */
export type Fit =
  | { readonly fits: true }
  /** `largest`: what the device could give at most; 0 where there is no such device. */
  | { readonly fits: false; readonly device: DeviceId; readonly needed: Bytes; readonly largest: Bytes }

/** Foreign use and what is measured do not count here: both may be gone when the model is asked for. */
export function everFits(need: Need, request: GpuRequest, devices: readonly DeviceFacts[]): Fit {
  const host = devices.find((device) => device.id === HOST)
  const ofHost = host ? Math.max(0, host.total - host.reserve) : 0
  if (need.host > ofHost) return { fits: false, device: HOST, needed: need.host, largest: ofHost }
  return need.perGpu === null ? { fits: true } : fitsOnGpus(need.perGpu, request, devices)
}

function fitsOnGpus(perGpu: Bytes | 'all', request: GpuRequest, devices: readonly DeviceFacts[]): Fit {
  const sizes = devices
    .filter((device) => device.kind === 'gpu' && isAsked(device, request))
    .map(({ id, total, reserve }) => ({ id, bytes: Math.max(0, total - reserve) }))
    .toSorted((a, b) => b.bytes - a.bytes)
  const count = countOf(request)
  const needed = perGpu === 'all' ? 1 : perGpu
  // The smallest of the largest so many: when it fits there, it fits on all of them.
  const deciding = sizes[count - 1]
  if (deciding && deciding.bytes >= needed) return { fits: true }
  return { fits: false, device: deciding?.id ?? 'GPU', needed, largest: deciding?.bytes ?? 0 }
}

function isAsked(device: DeviceFacts, request: GpuRequest): boolean {
  return request.kind !== 'list' || request.gpus.some((gpu) => gpu === device.index || gpu === device.id)
}

function countOf(request: GpuRequest): number {
  if (request.kind === 'list') return request.gpus.length
  return request.kind === 'count' ? request.count : 1
}
