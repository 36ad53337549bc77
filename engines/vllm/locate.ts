import { join } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { EnginePlaces } from '../../src/engine/contract.ts'
import { findProgram } from '../../src/lib/find-program.ts'
import { BUILDS, programOf } from './release.ts'

/**
 * The configured path alone where there is one; else PATH, then what `engines install` made: of two builds the one for
 * GPUs. Throws engine_not_installed.
 */
export async function locate({ configured, path, installed }: EnginePlaces): Promise<string> {
  const ours = [programOf(installed, BUILDS.cuda), programOf(installed, BUILDS.cpu)]
  const candidates = configured === null ? [...path.map((directory) => join(directory, 'vllm')), ...ours] : [configured]
  const found = await findProgram(candidates)
  if (found !== undefined) return found
  const looked = configured === null ? ['PATH', ...ours] : [configured]
  throw new EnginehouseError('engine_not_installed', { engine: 'vllm', looked })
}
