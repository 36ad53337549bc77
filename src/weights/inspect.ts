import { constants } from 'node:fs'
import { access, stat } from 'node:fs/promises'
import { basename } from 'node:path'
import { EnginehouseError } from '../core/index.ts'
import type { EngineDescription, ModelSpec, WeightsFacts } from '../core/index.ts'
import { systemCode, systemReason } from '../lib/system-reason.ts'
import { inspectDirectory } from './directory.ts'
import { readGguf } from './gguf.ts'
import type { GgufHeader } from './gguf.ts'
import { partsOf } from './split.ts'

/** What an engine reads. */
export type Reads = EngineDescription['reads']

/**
 * What a launch needs to know of its weights. Throws weights_missing and weights_wrong. A file that is to be GGUF (by
 * its name, or because the engine reads nothing else) and a directory are checked as far as their headers tell.
 */
export async function inspectWeights(model: ModelSpec, path: string, reads: Reads): Promise<WeightsFacts> {
  try {
    const facts = await stat(path)
    if (facts.isDirectory()) {
      if (reads === 'gguf') throw wrong(model, path, `it is a directory, and ${model.engine} reads a GGUF file`)
      return await directoryFacts(model, path)
    }
    if (!facts.isFile()) throw wrong(model, path, 'it is not a regular file')
    if (facts.size === 0) throw wrong(model, path, 'the file is empty')
    if (reads === 'directory') {
      throw wrong(
        model,
        path,
        `it is a file, and ${model.engine} reads a directory of safetensors with its config.json`,
      )
    }
    await access(path, constants.R_OK)
    return await fileFacts(model, { path, bytes: facts.size, reads })
  } catch (error) {
    throw asWeightsError(model, path, error)
  }
}

interface WeightsFile {
  readonly path: string
  readonly bytes: number
  readonly reads: Reads
}

async function fileFacts(model: ModelSpec, { path, bytes, reads }: WeightsFile): Promise<WeightsFacts> {
  if (!path.toLowerCase().endsWith('.gguf') && reads !== 'gguf') {
    return Object.freeze({ path, bytes, architecture: null, trainedContext: null })
  }
  const parts = partsOf(path)
  if (typeof parts === 'string') throw wrong(model, path, parts)
  const [header] = await Promise.all(parts.map((part) => readPart(model, path, part)))
  const sizes = await Promise.all(parts.map(async (part) => (await stat(part)).size))
  const { architecture = null, trainedContext = null } = header ?? {}
  return Object.freeze({ path, bytes: sizes.reduce((sum, size) => sum + size, 0), architecture, trainedContext })
}

/** A part after the first is told by its own name. */
async function readPart(model: ModelSpec, path: string, part: string): Promise<GgufHeader> {
  const result = await readGguf(part).catch((error: unknown) => {
    throw part === path || systemCode(error) !== 'ENOENT' ? error : wrong(model, path, `${basename(part)} is missing`)
  })
  if (result.kind === 'header') return result.header
  throw wrong(model, path, part === path ? result.why : `${basename(part)}: ${result.why}`)
}

async function directoryFacts(model: ModelSpec, path: string): Promise<WeightsFacts> {
  const result = await inspectDirectory(path)
  if (result.kind === 'wrong') throw wrong(model, path, result.why)
  const { bytes, trainedContext } = result
  return Object.freeze({ path, bytes, architecture: null, trainedContext })
}

function asWeightsError(model: ModelSpec, path: string, error: unknown): EnginehouseError {
  if (error instanceof EnginehouseError) return error
  const code = systemCode(error)
  if (code === 'ENOENT' || code === 'ENOTDIR')
    return new EnginehouseError('weights_missing', { model: model.name, path })
  return wrong(model, path, code === 'EACCES' ? 'the daemon may not read it' : systemReason(error))
}

function wrong(model: ModelSpec, path: string, why: string): EnginehouseError {
  return new EnginehouseError('weights_wrong', { model: model.name, path, why })
}
