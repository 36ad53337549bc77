import type { Bytes, DeviceBudget, DeviceId, Instant, Millis, Priority } from '../core/index.ts'
import { claimOn } from './ledger.ts'
import { EXACT_EVICTION_LIMIT } from './limits.ts'
import type { InstanceState } from './state.ts'

/** A resident that may be made to leave, with what its leaving would cost. */
export interface Candidate {
  readonly instance: InstanceState
  readonly priority: Priority
  /** How long it would take to load it again, as last seen. */
  readonly reload: Millis
  readonly lastUse: Instant
}

const RANK: Readonly<Record<Priority, number>> = Object.freeze({ low: 0, normal: 1, high: 2 })

/**
 * The cheapest set of candidates whose claims cover every shortfall, or null when all of them together do not.
 * Cheaper, in this order: lower highest priority, fewer seconds to load again, fewer models, longer unused.
 */
export function cheapestSet(
  candidates: readonly Candidate[],
  shortfalls: ReadonlyMap<DeviceId, Bytes>,
): readonly Candidate[] | null {
  const useful = candidates.filter((candidate) => gives(candidate, shortfalls))
  if (!covers(useful, shortfalls)) return null
  const best = useful.length <= EXACT_EVICTION_LIMIT ? exactSet(useful, shortfalls) : greedySet(useful, shortfalls)
  return best.toSorted((a, b) => compareCost([a], [b]))
}

/** Bytes that must come back on each device for the budgets to fit. */
export function shortfallsOf(
  budgets: readonly DeviceBudget[],
  leaving: (device: DeviceId) => Bytes,
): Map<DeviceId, Bytes> {
  const shortfalls = new Map<DeviceId, Bytes>()
  for (const { device, needed, free } of budgets) {
    const missing = needed - free - leaving(device)
    if (missing > 0) shortfalls.set(device, missing)
  }
  return shortfalls
}

function exactSet(candidates: readonly Candidate[], shortfalls: ReadonlyMap<DeviceId, Bytes>): readonly Candidate[] {
  let best: readonly Candidate[] = candidates
  for (let mask = 1; mask < 1 << candidates.length; mask += 1) {
    const set = candidates.filter((_, index) => mask & (1 << index))
    if (covers(set, shortfalls) && compareCost(set, best) < 0) best = set
  }
  return best
}

/** The cheapest first until they cover, then without those that turned out not to be needed. */
function greedySet(candidates: readonly Candidate[], shortfalls: ReadonlyMap<DeviceId, Bytes>): readonly Candidate[] {
  let set: Candidate[] = []
  for (const candidate of candidates.toSorted((a, b) => compareCost([a], [b]))) {
    set.push(candidate)
    if (covers(set, shortfalls)) break
  }
  for (const candidate of set.toReversed()) {
    const without = set.filter((other) => other !== candidate)
    if (covers(without, shortfalls)) set = without
  }
  return set
}

function gives(candidate: Candidate, shortfalls: ReadonlyMap<DeviceId, Bytes>): boolean {
  for (const device of shortfalls.keys()) if (claimOn(candidate.instance, device) > 0) return true
  return false
}

function covers(set: readonly Candidate[], shortfalls: ReadonlyMap<DeviceId, Bytes>): boolean {
  for (const [device, missing] of shortfalls) {
    let back = 0
    for (const candidate of set) back += claimOn(candidate.instance, device)
    if (back < missing) return false
  }
  return true
}

function compareCost(a: readonly Candidate[], b: readonly Candidate[]): number {
  return (
    highestRank(a) - highestRank(b) || reloadSum(a) - reloadSum(b) || a.length - b.length || latestUse(a) - latestUse(b)
  )
}

function highestRank(set: readonly Candidate[]): number {
  return Math.max(...set.map((candidate) => RANK[candidate.priority]))
}

function reloadSum(set: readonly Candidate[]): Millis {
  return set.reduce((sum, candidate) => sum + candidate.reload, 0)
}

function latestUse(set: readonly Candidate[]): Instant {
  return Math.max(...set.map((candidate) => candidate.lastUse))
}
