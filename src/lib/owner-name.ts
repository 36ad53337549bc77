import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'

/*
 * A directory that a process works in carries in its name whose it is, so that another process can tell a leftover from
 * work that still goes on. Pid and start time together: a pid alone is used again.
 */

const NAME = /^(\d+)-(\d+)-[0-9a-f]+$/

/** A name that this process has never given before. */
export async function ownerName(): Promise<string> {
  const started = (await startTimeOf(process.pid)) ?? '0'
  return `${process.pid}-${started}-${randomBytes(6).toString('hex')}`
}

export interface Owner {
  readonly pid: number
  readonly isAlive: boolean
}

/** Whose name that is; null when it was not made by `ownerName`. */
export async function ownerOf(name: string): Promise<Owner | null> {
  const [, pid, started] = NAME.exec(name) ?? []
  if (pid === undefined || started === undefined) return null
  return { pid: Number(pid), isAlive: await isAlive(Number(pid), started) }
}

async function isAlive(pid: number, started: string): Promise<boolean> {
  const now = await startTimeOf(pid)
  if (now !== null) return now === started || started === '0'
  if (process.platform === 'linux') return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

/** Clock ticks since boot at which a process started (field 22 of its stat); null where there is no such process or no procfs. */
async function startTimeOf(pid: number): Promise<string | null> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => null)
  // The name in parentheses may hold spaces and parentheses itself: count from the last one.
  return stat?.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? null
}
