import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { EnginePlaces } from '../../src/engine/contract.ts'
import { installedProgram } from './release.ts'

const PROGRAM = 'llama-server'

/** The configured path alone where there is one; else PATH, then what `engines install` made. Throws engine_not_installed. */
export async function locate(places: EnginePlaces): Promise<string> {
  const candidates =
    places.configured === null
      ? [...places.path.map((directory) => join(directory, PROGRAM)), installedProgram(places.installed)]
      : [places.configured]
  for (const candidate of candidates) {
    if (await isProgram(candidate)) return candidate
  }
  const looked = places.configured === null ? ['PATH', installedProgram(places.installed)] : [places.configured]
  throw new EnginehouseError('engine_not_installed', { engine: PROGRAM, looked })
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
