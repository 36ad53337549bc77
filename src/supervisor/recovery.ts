import type { Evidence, LaunchRecord, ModelName, SpawnOrder } from '../core/index.ts'
import { DEFAULT_STOP, endLaunch, type InstanceWorld } from '../engine/index.ts'

export interface Leftover {
  readonly record: LaunchRecord
  readonly evidence: Evidence['leftover']
}

/**
 * Resolves every launch record that an earlier daemon left, before anything new is started: what is proven to be of
 * that launch is stopped as its engine wants it, and the record goes when nothing of it is left. `environmentOf`: what the
 * model's engines are given now; what that launch was given is not on disk.
 */
export async function resolveLeftovers(
  world: InstanceWorld,
  environmentOf: (model: ModelName) => Readonly<Record<string, string>>,
): Promise<readonly Leftover[]> {
  const records = await world.records.readLaunches()
  return Promise.all(records.map((record) => resolve(world, record, environmentOf(record.model))))
}

async function resolve(
  world: InstanceWorld,
  record: LaunchRecord,
  environment: Readonly<Record<string, string>>,
): Promise<Leftover> {
  const { clock, processes, records } = world
  const { identity, end, sharedMemory = [] } = record
  const found = await processes.members(identity).catch(() => ({ proven: [] }))
  const { signalled, survivors, unproven } = await endLaunch({
    clock,
    processes,
    identity,
    stop: end?.stop ?? DEFAULT_STOP,
    spawned: await placeOf(),
    exited: Promise.resolve(),
    sharedMemory,
    // Nobody follows an instance of an earlier daemon; whether its stop command worked shows in what is left.
    onLine: () => {},
  })
  if (survivors.length === 0) await records.removeLaunch(record.instance)
  const stopped = Math.max(signalled, found.proven.length)
  const action =
    survivors.length > 0 ? 'survived' : stopped > 0 ? 'stopped' : unproven > 0 ? 'not_proven_ours' : 'none_left'
  return { record, evidence: { pid: identity.leader?.pid ?? null, processes: stopped, action } }

  /** Where its stop command is run. Another boot has nothing of it left that a command could end. */
  async function placeOf(): Promise<Omit<SpawnOrder, 'argv'> | null> {
    if (end === undefined || identity.leader === null || identity.bootId !== processes.bootId) return null
    const directory = await records.makeDirectory(record.instance)
    return { env: environment, cwd: end.cwd, directory, nonce: identity.nonce, unlink: [] }
  }
}
