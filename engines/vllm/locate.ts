import { join } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { EnginePlaces } from '../../src/engine/contract.ts'
import { findProgram } from '../../src/lib/find-program.ts'

/** How a person gets it: it is gigabytes of a Python environment, and which one depends on the GPU and its driver. */
export const BY_HAND =
  'Install it with pip into an environment of its own (`python3 -m venv`, then `pip install vllm`), and set ' +
  '`engines.vllm.path` to the `bin/vllm` in it.'

/** The configured path alone where there is one, else PATH. Throws engine_not_installed. */
export async function locate({ configured, path }: EnginePlaces): Promise<string> {
  const found = await findProgram(configured === null ? path.map((directory) => join(directory, 'vllm')) : [configured])
  if (found !== undefined) return found
  throw new EnginehouseError('engine_not_installed', {
    engine: 'vllm',
    looked: [configured ?? 'PATH'],
    next: BY_HAND,
  })
}
