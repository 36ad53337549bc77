import type { Evidence, LaunchRecord } from '../core/index.ts'
import { DEFAULT_STOP, takeDown, type InstanceWorld } from '../engine/index.ts'

export interface Leftover {
  readonly record: LaunchRecord
  readonly evidence: Evidence['leftover']
}

/**
 * Resolves every launch record that an earlier daemon left, before anything new is started: what is proven to be of
 * that launch is stopped by the ladder, and the record goes when nothing of it is left.
 */
export async function resolveLeftovers(world: InstanceWorld): Promise<readonly Leftover[]> {
  const records = await world.records.readLaunches()
  return Promise.all(records.map((record) => resolve(world, record)))
}

async function resolve(world: InstanceWorld, record: LaunchRecord): Promise<Leftover> {
  const { signalled, survivors, unproven } = await takeDown(world, record.identity, DEFAULT_STOP, Promise.resolve())
  if (survivors.length === 0) await world.records.removeLaunch(record.instance)
  const action =
    survivors.length > 0 ? 'survived' : signalled > 0 ? 'stopped' : unproven > 0 ? 'not_proven_ours' : 'none_left'
  return { record, evidence: { pid: record.identity.leader?.pid ?? null, processes: signalled, action } }
}
