import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { delimiter, join, resolve } from 'node:path'

/** The directories of PATH. */
export function pathDirectories(environment: NodeJS.ProcessEnv): readonly string[] {
  return (environment['PATH'] ?? '').split(delimiter).filter((each) => each !== '')
}

/** Where a program is, as a launch finds it: on PATH, or from `directory` when its name has a slash. Null: nowhere. */
export async function findProgram(
  program: string,
  directory: string,
  environment: NodeJS.ProcessEnv,
): Promise<string | null> {
  const places = program.includes('/')
    ? [resolve(directory, program)]
    : pathDirectories(environment).map((place) => join(place, program))
  for (const place of places) {
    if (await isProgram(place)) return place
  }
  return null
}

async function isProgram(path: string): Promise<boolean> {
  try {
    await access(path, constants.X_OK)
    return (await stat(path)).isFile()
  } catch {
    return false
  }
}
