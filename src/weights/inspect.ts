import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { EnginehouseError } from '../core/index.ts'
import type { ModelSpec, WeightsFacts } from '../core/index.ts'
import { systemCode, systemReason } from '../lib/system-reason.ts'
import { readGguf } from './gguf.ts'

/**
 * What a launch needs to know of a file of weights. Throws weights_missing and weights_wrong. A file that is to be GGUF
 * (by its name, or because llama-server reads nothing else) is checked as far as its header tells.
 */
export async function inspectFile(model: ModelSpec, path: string): Promise<WeightsFacts> {
  const bytes = await sizeOf(model, path)
  if (!path.toLowerCase().endsWith('.gguf') && model.engine !== 'llama-server') {
    return Object.freeze({ path, bytes, architecture: null, trainedContext: null })
  }
  const result = await readGguf(path)
  if (result.kind === 'wrong') throw wrong(model, path, result.why)
  const { architecture, trainedContext } = result.header
  return Object.freeze({ path, bytes, architecture, trainedContext })
}

async function sizeOf(model: ModelSpec, path: string): Promise<number> {
  try {
    const facts = await stat(path)
    if (facts.isDirectory()) throw wrong(model, path, 'it is a directory, and a file is expected')
    if (!facts.isFile()) throw wrong(model, path, 'it is not a regular file')
    if (facts.size === 0) throw wrong(model, path, 'the file is empty')
    await access(path, constants.R_OK)
    return facts.size
  } catch (error) {
    if (error instanceof EnginehouseError) throw error
    const code = systemCode(error)
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new EnginehouseError('weights_missing', { model: model.name, path })
    if (code === 'EACCES') throw wrong(model, path, 'the daemon may not read it')
    throw wrong(model, path, systemReason(error))
  }
}

function wrong(model: ModelSpec, path: string, why: string): EnginehouseError {
  return new EnginehouseError('weights_wrong', { model: model.name, path, why })
}
