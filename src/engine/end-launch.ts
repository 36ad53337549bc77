import type { Clock, ProcessIdentity, Processes, SharedSegment, SpawnOrder, StopPlan } from '../core/index.ts'
import { takeDown, type LadderResult } from './ladder.ts'
import { runStopCommand } from './stop-command.ts'

export interface LaunchEnd {
  readonly clock: Clock
  readonly processes: Processes
  readonly identity: ProcessIdentity
  readonly stop: StopPlan
  /** How it was started; null for one of which no process was ever made. */
  readonly spawned: Omit<SpawnOrder, 'argv'> | null
  /** Settles when the leader has ended, if that is known. */
  readonly exited: Promise<unknown>
  /** What it held of shared memory when it was last looked at. */
  readonly sharedMemory: readonly SharedSegment[]
  readonly onLine: (line: string) => void
}

/**
 * Ends a launch whole: the stop command of its plan, the ladder, and what its processes leave in shared memory when
 * they are killed all at once. A stop command that failed is run once more behind the ladder: what it is to end (a
 * container that was still being made) may have come meanwhile.
 */
export async function endLaunch(end: LaunchEnd): Promise<LadderResult> {
  const { clock, processes, identity, stop, spawned, onLine } = end
  const held = await processes.sharedMemory(identity).catch(() => [])
  const command = async (): Promise<boolean> =>
    spawned === null || (await runStopCommand({ clock, processes, stop, order: spawned, onLine }))
  const done = await command()
  let result = await takeDown({ clock, processes }, identity, stop, end.exited)
  if (!done) {
    await command()
    // The command itself is of the launch.
    const again = await takeDown({ clock, processes }, identity, stop, Promise.resolve())
    result = { ...again, signalled: result.signalled + again.signalled }
  }
  if (result.survivors.length === 0) await processes.freeSharedMemory([...end.sharedMemory, ...held])
  return result
}
