import { stat } from 'node:fs/promises'
import { resolve } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { Bytes, ModelName } from '../../src/core/index.ts'
import { systemReason } from '../../src/lib/system-reason.ts'
import { partsOf, readGguf } from '../../src/weights/index.ts'
import type { GgufHeader, GgufTensor } from '../../src/weights/index.ts'
import type { FlagFile } from './arguments.ts'

/** A GGUF model, of all the files that it is split into. */
export interface ModelFile {
  /** Of the first file: the others have tensors alone. */
  readonly header: GgufHeader
  readonly tensors: readonly GgufTensor[]
  readonly bytes: Bytes
}

/** Null for what is no GGUF file, or was one when it was looked at and is so no more. Rejects as the file system does. */
export async function readModelFile(path: string): Promise<ModelFile | null> {
  const parts = partsOf(path)
  if (typeof parts === 'string') return null
  const headers: GgufHeader[] = []
  let bytes = 0
  for (const part of parts) {
    const read = await readGguf(part)
    if (read.kind === 'wrong') return null
    headers.push(read.header)
    bytes += (await stat(part)).size
  }
  const [header] = headers
  return header ? { header, tensors: headers.flatMap(({ tensors }) => tensors), bytes } : null
}

/** A file that a flag names. Throws engine_file_wrong. */
export async function readFlagFile({ flag, path }: FlagFile, model: ModelName, directory: string): Promise<ModelFile> {
  const whole = resolve(directory, path)
  const facts = { model, flag, path: whole }
  try {
    const read = await readModelFile(whole)
    if (read) return read
  } catch (cause) {
    throw new EnginehouseError('engine_file_wrong', { ...facts, why: systemReason(cause) }, { cause })
  }
  throw new EnginehouseError('engine_file_wrong', { ...facts, why: 'it is not a GGUF file that is whole' })
}
