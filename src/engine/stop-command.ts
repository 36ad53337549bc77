import type { Clock, Processes, SpawnOrder, StopPlan } from '../core/index.ts'
import { EnginehouseError, formatDuration } from '../core/index.ts'
import { sleep } from './wait.ts'

/** Beside the engine's own, which somebody else follows. */
const LOG_FILE = 'stop.log'

export interface StopCommand {
  readonly clock: Clock
  readonly processes: Processes
  readonly stop: StopPlan
  /** How the engine was started: its program is run in the same place and with the same nonce. */
  readonly order: Omit<SpawnOrder, 'argv'>
  /** Told each line of its output, and of ours why it did not do its work. */
  readonly onLine: (line: string) => void
}

/**
 * Runs the plan's stop command, if it has one, to its end, or for as long as the grace. It is of the launch by its
 * nonce: what is left of it is swept with the engine. Never rejects, as the signal that follows is needed either way;
 * false when it ended by saying that it could not do its work.
 */
export async function runStopCommand({ clock, processes, stop, order, onLine }: StopCommand): Promise<boolean> {
  const { command, grace } = stop
  if (command === undefined) return true
  const tell = (why: string): void => onLine(`[enginehouse: the stop command ${why}]`)
  try {
    const program = await processes.spawn({ ...order, argv: command, unlink: [], log: LOG_FILE })
    program.onLine(onLine)
    const ended = program.exited.then(async (exit) => {
      await program.drained
      return exit
    })
    const exit = await Promise.race([ended, sleep(clock, grace, ended).then(() => null)])
    if (exit === null) tell(`has not ended within ${formatDuration(grace)}`)
    else if (exit.code !== 0) tell(`ended with ${exit.signal ?? `exit code ${exit.code}`}`)
    return exit === null || exit.code === 0
  } catch (error) {
    tell(`failed: ${error instanceof EnginehouseError ? error.message : String(error)}`)
    return true
  }
}
