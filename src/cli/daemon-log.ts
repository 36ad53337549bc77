import { stat } from 'node:fs/promises'
import { join } from 'node:path'

import { parseDuration } from '../core/index.ts'
import { followLog, lastLogLines } from '../lib/log-file.ts'
import { logGenerations } from '../lib/log-generations.ts'
import type { Job } from './job.ts'

/** More than a daemon keeps: those that are not there are passed over. */
const MOST_FILES = 10

export interface DaemonLogQuery {
  readonly follow: boolean
  readonly lines: number | undefined
  readonly since: string | undefined
}

/**
 * The lines of the daemon's log, as JSON. Of the local daemon they are read from its files, which tell more than it has
 * in memory, and also when it does not run. A daemon elsewhere, and one that keeps no files, is asked.
 */
export async function* daemonLog(job: Job, query: DaemonLogQuery): AsyncGenerator<string> {
  const path = await localLog(job)
  if (path === null) {
    yield* (await job.client()).daemonLog(query)
    return
  }
  const since = query.since === undefined ? null : momentOf(query.since, job.now())
  const count = query.lines ?? Number.POSITIVE_INFINITY
  const isWanted = (line: string): boolean => since === null || !(timeOf(line) < since)
  const { lines, end } = await lastLogLines(logGenerations(path, MOST_FILES), { count, isWanted })
  yield* lines
  if (query.follow) yield* followLog(path, end, job.signal)
}

async function localLog(job: Job): Promise<string | null> {
  const { environment } = job.world
  if (job.options.host !== undefined || environment['ENGINEHOUSE_HOST']) return null
  const { stateDirectoryAt, stateDirectoryPath } = await import('../journal/index.ts')
  const path = join(stateDirectoryAt(stateDirectoryPath(environment), environment).logs, 'daemon.log')
  return stat(path).then(
    () => path,
    () => null,
  )
}

function momentOf(text: string, now: number): number {
  const ago = parseDuration(text)
  return ago === undefined ? Date.parse(text) : now - ago
}

/** NaN, which is before nothing, for a line that says no time. */
function timeOf(line: string): number {
  return Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? '')
}
