import { join } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { EnginePlaces } from '../../src/engine/contract.ts'
import { findProgram } from '../../src/lib/find-program.ts'
import { installedProgram } from './release.ts'

const PROGRAM = 'llama-server'

/** The configured path alone where there is one; else PATH, then what `engines install` made. Throws engine_not_installed. */
export async function locate(places: EnginePlaces): Promise<string> {
  const candidates =
    places.configured === null
      ? [...places.path.map((directory) => join(directory, PROGRAM)), installedProgram(places.installed)]
      : [places.configured]
  const found = await findProgram(candidates)
  if (found !== undefined) return found
  const looked = places.configured === null ? ['PATH', installedProgram(places.installed)] : [places.configured]
  throw new EnginehouseError('engine_not_installed', { engine: PROGRAM, looked })
}
