import { lstat, readdir } from 'node:fs/promises'
import { join } from 'node:path'

/** Bytes of all regular files below `directory`. What vanishes during the walk counts nothing; so does a missing directory. */
export async function directorySize(directory: string): Promise<number> {
  let total = 0
  for (const entry of await readdir(directory, { withFileTypes: true }).catch(unlessGone([]))) {
    const path = join(directory, entry.name)
    if (entry.isDirectory()) total += await directorySize(path)
    else if (entry.isFile()) total += (await lstat(path).catch(unlessGone({ size: 0 }))).size
  }
  return total
}

/** Temporary files come and go while they are counted: only their disappearance is expected. */
function unlessGone<T>(value: T): (error: NodeJS.ErrnoException) => T {
  return (error) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return value
    throw error
  }
}
