import { lstat, mkdir, readdir, readlink, rename, rm, symlink } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { renameDurable, syncPath } from '../../src/lib/durable.ts'
import { ownerName, ownerOf } from '../../src/lib/owner-name.ts'

/*
 * A virtual environment has its own path in its scripts, so it cannot be made elsewhere and renamed. It is made in a
 * folder that keeps its name, `VERSION.OWNER`, and the last step is the link `VERSION` to it: by that name it is there
 * whole or not at all, and two that make one never write into the same folder.
 */

/** Makes a folder of this process for a version (mode 0700) and returns its absolute path. */
export async function makeFolder(shelf: string, version: string): Promise<string> {
  const folder = join(shelf, `${version}.${await ownerName()}`)
  await mkdir(folder, { mode: 0o700 })
  return folder
}

/** The pid of a living process that is making a folder other than `own`; null when there is none. */
export async function otherAtWork(shelf: string, own: string): Promise<number | null> {
  const folders = await unlinked(shelf)
  return folders.find(({ name, isAlive }) => isAlive && name !== basename(own))?.pid ?? null
}

/** Removes the folders of dead processes that no link leads to. */
export async function sweepShelf(shelf: string, staging: string): Promise<void> {
  for (const { name, isAlive } of await unlinked(shelf)) {
    if (isAlive) continue
    // What a killed process had started may still write there: under another name nothing is added any more.
    const gone = join(staging, name)
    await rename(join(shelf, name), gone)
    await rm(gone, { recursive: true, force: true })
  }
}

/** From now on `link` leads to the folder, whatever it was before. What is in the folder has reached the disk. */
export async function putInPlace(folder: string, link: string, staging: string): Promise<void> {
  await syncPath(folder)
  if (await isDirectory(link)) await rename(link, join(staging, 'replaced'))
  const made = join(staging, 'link')
  await symlink(basename(folder), made)
  await renameDurable(made, link)
}

async function unlinked(shelf: string) {
  const entries = await readdir(shelf, { withFileTypes: true })
  const links = entries.filter((entry) => entry.isSymbolicLink())
  const kept = new Set(await Promise.all(links.map(({ name }) => readlink(join(shelf, name)))))
  const folders = entries.filter((entry) => entry.isDirectory() && !kept.has(entry.name))
  const owners = folders.map(async ({ name }) => {
    const owner = await ownerOf(name.slice(name.lastIndexOf('.') + 1))
    return owner === null ? [] : [{ name, ...owner }]
  })
  return (await Promise.all(owners)).flat()
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}
