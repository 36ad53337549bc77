import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'

/*
 * Work that must be seen whole or not at all is done in a directory of its own below `staging/` and renamed when it is
 * finished. The name carries the pid and the start time of the process at work, so that another process can tell a
 * leftover from work that still goes on: a pid alone is used again.
 */

const NAME = /^(\d+)-(\d+)-[0-9a-f]+$/

/** Makes a staging directory of this process (mode 0700) below `parent`/staging and returns its absolute path. */
export async function makeStaging(parent: string): Promise<string> {
  const started = (await startTimeOf(process.pid)) ?? '0'
  const all = join(parent, 'staging')
  await mkdir(all, { recursive: true, mode: 0o700 })
  const path = join(all, `${process.pid}-${started}-${randomBytes(6).toString('hex')}`)
  await mkdir(path, { mode: 0o700 })
  return path
}

/** Removes what dead processes left below `parent`/staging; returns how many directories that were. */
export async function sweepStaging(parent: string): Promise<number> {
  const all = join(parent, 'staging')
  let removed = 0
  for (const name of await readdir(all).catch(noneWhenMissing)) {
    const [, pid, started] = NAME.exec(name) ?? []
    if (pid === undefined || started === undefined) continue
    if (await isAlive(Number(pid), started)) continue
    await rm(join(all, name), { recursive: true, force: true })
    removed += 1
  }
  return removed
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

function noneWhenMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
