import { readFileSync } from 'node:fs'
import { totalmem } from 'node:os'

import { HOST } from '../core/index.ts'
import type { Bytes, DeviceFacts, Gpus, Instant, MemorySpec, Millis, ReleaseProof } from '../core/index.ts'
import { readCgroupMemory } from './cgroup.ts'
import { parseMeminfo } from './meminfo.ts'

/** A measurement younger than this is given again. */
const MEASURE_AT_MOST_EVERY: Millis = 1000
/** A change of the free bytes by more than this part of all is worth a new plan. */
const NOTABLE_CHANGE = 0.05

/** What is measured of the host's memory. */
export interface HostMeasurement {
  readonly total: Bytes
  /** Null where the system does not tell. */
  readonly free: Bytes | null
}

export interface HostMemoryOptions {
  /** `memory.host` of the manifest: what engines may claim. */
  readonly share: MemorySpec['host']
  readonly measure?: () => HostMeasurement
  readonly now?: () => Instant
}

/** `setShare`: another manifest says what engines may claim; the next facts tell. */
export type HostMemory = Gpus & { setShare(share: MemorySpec['host']): void }

/** The Gpus port of a host whose only device is its own memory. */
export function createHostMemory({
  share: first,
  measure = measureHost,
  now = Date.now,
}: HostMemoryOptions): HostMemory {
  const callbacks: (() => void)[] = []
  let share = first
  let latest = toFacts(measure(), share, now())
  let announced = latest

  return {
    facts() {
      if (now() - latest.measuredAt >= MEASURE_AT_MOST_EVERY) {
        latest = toFacts(measure(), share, now())
        if (changedNotably(announced, latest)) {
          announced = latest
          // In a turn of its own: who asks for facts is in the middle of something.
          for (const callback of callbacks) setImmediate(callback)
        }
      }
      return [latest]
    },
    setShare(next) {
      share = next
      latest = toFacts(measure(), share, now())
    },
    onChange: (callback) => void callbacks.push(callback),
    // The kernel takes a process's memory back before its parent can learn of the exit: nothing is left to wait for.
    proveReleased: async (claims): Promise<ReleaseProof> => {
      const elsewhere = claims.filter((claim) => claim.device !== HOST)
      if (elsewhere.length === 0) return { kind: 'released' }
      const missing = elsewhere.map(({ device, bytes }) => ({ device, bytes }))
      return { kind: 'missing', missing, why: 'nothing measures the memory of these devices' }
    },
  }
}

/** Of the machine, or of the control group where that one is narrower. */
export function measureHost(): HostMeasurement {
  const machine = readMachine()
  const group = readCgroupMemory()
  return {
    total: Math.min(machine.total, group.limit),
    free: machine.free === null ? null : Math.min(machine.free, group.headroom),
  }
}

function readMachine(): HostMeasurement {
  try {
    const info = parseMeminfo(readFileSync('/proc/meminfo', 'latin1'))
    if (info) return { total: info.total, free: info.available }
  } catch {
    // A system without procfs tells its total only: what it calls free leaves out the caches that give way.
  }
  return { total: totalmem(), free: null }
}

function toFacts({ total, free }: HostMeasurement, share: MemorySpec['host'], measuredAt: Instant): DeviceFacts {
  const claimable = 'share' in share ? Math.floor(total * share.share) : share.bytes
  return Object.freeze({
    id: HOST,
    kind: 'host',
    index: 0,
    name: 'host memory',
    total,
    reserve: Math.max(0, total - claimable),
    measuredFree: free,
    measuredAt,
  })
}

function changedNotably(before: DeviceFacts, after: DeviceFacts): boolean {
  if (before.total !== after.total || before.measuredFree === null || after.measuredFree === null)
    return before.total !== after.total || before.measuredFree !== after.measuredFree
  return Math.abs(after.measuredFree - before.measuredFree) > after.total * NOTABLE_CHANGE
}
