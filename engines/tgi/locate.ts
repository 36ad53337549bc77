import { join } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { EnginePlaces } from '../../src/engine/contract.ts'
import { findProgram } from '../../src/lib/find-program.ts'

const LAUNCHER = 'text-generation-launcher'
const CONTAINERS = 'docker'

/** How a person gets it. */
export const BY_HAND =
  'No package index has it: set `engines.tgi.image` to a container image of TGI that this host has, or ' +
  '`engines.tgi.path` to its text-generation-launcher. TGI is not developed any more: `engine: vllm` runs the same weights.'

/**
 * The launcher, or with an image the program that runs containers. The configured path alone where there is one, else
 * PATH. Throws engine_not_installed.
 */
export async function locate({ configured, image, path }: EnginePlaces): Promise<string> {
  const program = image === null ? LAUNCHER : CONTAINERS
  const onPath = path.map((directory) => join(directory, program))
  const found = await findProgram(configured === null || image !== null ? onPath : [configured])
  if (found !== undefined) return found
  const looked = image === null ? [configured ?? 'PATH'] : ['PATH']
  const next =
    image === null ? BY_HAND : 'Install docker and put it on the PATH of the daemon: `engines.tgi.image` is run by it.'
  throw new EnginehouseError('engine_not_installed', { engine: program === LAUNCHER ? 'tgi' : program, looked, next })
}
