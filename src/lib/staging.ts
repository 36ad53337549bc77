import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ownerName, ownerOf } from './owner-name.ts'

/*
 * Work that must be seen whole or not at all is done in a directory of its own below `staging/` and renamed when it is
 * finished.
 */

/** Makes a staging directory of this process (mode 0700) below `parent`/staging and returns its absolute path. */
export async function makeStaging(parent: string): Promise<string> {
  const all = join(parent, 'staging')
  await mkdir(all, { recursive: true, mode: 0o700 })
  const path = join(all, await ownerName())
  await mkdir(path, { mode: 0o700 })
  return path
}

/** Removes what dead processes left below `parent`/staging; returns how many directories that were. */
export async function sweepStaging(parent: string): Promise<number> {
  const all = join(parent, 'staging')
  let removed = 0
  for (const name of await readdir(all).catch(noneWhenMissing)) {
    if ((await ownerOf(name))?.isAlive !== false) continue
    await rm(join(all, name), { recursive: true, force: true })
    removed += 1
  }
  return removed
}

function noneWhenMissing(error: NodeJS.ErrnoException): string[] {
  if (error.code === 'ENOENT') return []
  throw error
}
