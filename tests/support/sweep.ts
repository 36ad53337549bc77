import { readFileSync, readdirSync, readlinkSync } from 'node:fs'

import { RUN_VARIABLE, runDirectory, testRun } from './run.ts'

export interface Leftover {
  readonly pid: number
  readonly command: string
}

/** False for a zombie too. */
export function isLiving(pid: number): boolean {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1'))
  return stat !== undefined && !/\) [ZX] [^)]*$/.test(stat)
}

/**
 * Processes of this run: those that carry its variable, and those whose output goes to a file of the run, as an engine
 * gets no variable but those that the daemon allows. Not this process and not its children, the test workers.
 */
function findLeftovers(): readonly Leftover[] {
  return readdirSync('/proc')
    .map(Number)
    .filter((pid) => pid > 1 && pid !== process.pid && isLiving(pid) && parentOf(pid) !== process.pid && isOfRun(pid))
    .map((pid) => ({ pid, command: commandOf(pid) }))
}

/** Kills what the tests left and says what it was. */
export function sweepRun(): readonly Leftover[] {
  const leftovers = findLeftovers()
  for (const { pid } of leftovers) attempt(() => process.kill(pid, 'SIGKILL'))
  return leftovers
}

function isOfRun(pid: number): boolean {
  const environ = attempt(() => readFileSync(`/proc/${pid}/environ`, 'utf8')) ?? ''
  if (environ.split('\0').includes(`${RUN_VARIABLE}=${testRun()}`)) return true
  return [1, 2].some((descriptor) =>
    attempt(() => readlinkSync(`/proc/${pid}/fd/${descriptor}`))?.startsWith(`${runDirectory()}/`),
  )
}

function parentOf(pid: number): number {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'latin1')) ?? ''
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

function commandOf(pid: number): string {
  return (attempt(() => readFileSync(`/proc/${pid}/cmdline`, 'utf8')) ?? '').replaceAll('\0', ' ').trim()
}

/** Undefined when the process went in between or is another user's. */
function attempt<T>(look: () => T): T | undefined {
  try {
    return look()
  } catch {
    return undefined
  }
}
