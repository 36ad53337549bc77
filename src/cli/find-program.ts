import { delimiter, join, resolve } from 'node:path'

import { findProgram as firstProgram } from '../lib/find-program.ts'

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
  return (await firstProgram(places)) ?? null
}
