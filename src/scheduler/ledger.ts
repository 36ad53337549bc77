import type { Bytes, DeviceBudget, DeviceFacts, DeviceId } from '../core/index.ts'
import { isKept, type InstanceState } from './state.ts'
import type { Turn } from './turn.ts'

/** Bytes that waiting models were promised in this turn, per device: what waits longer is served first. */
export type Promises = Map<DeviceId, Bytes>

/**
 * One device's arithmetic for a model that needs `needed` bytes of it. Two ledgers, and the worse counts: what we
 * claimed, and what the device measures less the claims that it cannot show yet.
 */
export function budget(turn: Turn, device: DeviceFacts, needed: Bytes, promises: Promises): DeviceBudget {
  let claimed = 0
  let unseen = 0
  for (const instance of turn.instances.values()) {
    const bytes = claimOn(instance, device.id)
    claimed += bytes
    // It may still be taking its memory while it is on its way down.
    if (instance.readyAt === null && instance.phase !== 'stuck') unseen += bytes
  }
  const promised = promises.get(device.id) ?? 0
  const byClaims = device.total - device.reserve - claimed - promised
  const byMeasure = device.measuredFree === null ? byClaims : device.measuredFree - unseen - promised
  return {
    device: device.id,
    needed,
    total: device.total,
    reserve: device.reserve,
    claimed,
    promised,
    measuredFree: device.measuredFree,
    free: Math.min(byClaims, byMeasure),
  }
}

export function claimOn(instance: InstanceState, device: DeviceId): Bytes {
  let bytes = 0
  for (const claim of instance.claims) if (claim.device === device) bytes += claim.bytes
  return bytes
}

/** Bytes on the way back: claims of instances that leave or failed. Stuck ones give nothing back. */
export function leavingOn(turn: Turn, device: DeviceId): Bytes {
  let bytes = 0
  for (const instance of turn.instances.values()) {
    if (instance.phase === 'leaving' || instance.phase === 'failed') bytes += claimOn(instance, device)
  }
  return bytes
}

/** What the device could give if every model left that may be made to leave. */
export function largestPossible(turn: Turn, device: DeviceFacts): Bytes {
  let bytes = budget(turn, device, 0, new Map()).free
  for (const instance of turn.instances.values()) {
    const model = turn.models.get(instance.model)
    const stays =
      instance.phase === 'stuck' ||
      (instance.phase !== 'leaving' && instance.phase !== 'failed' && model !== undefined && isKept(model))
    if (!stays) bytes += claimOn(instance, device.id)
  }
  return Math.min(Math.max(bytes, 0), device.total - device.reserve)
}
