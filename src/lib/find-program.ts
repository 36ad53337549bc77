import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'

/** The first of these paths that is a file which we may run; undefined when none is. */
export async function findProgram(candidates: readonly string[]): Promise<string | undefined> {
  for (const candidate of candidates) if (await isProgram(candidate)) return candidate
  return undefined
}

/** Not there, not ours to run, a directory: all the same to who looks for a program. */
async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
