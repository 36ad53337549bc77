import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { EnginehouseError } from '../core/index.ts'
import { MANIFEST_SIZE_MAX } from './limits.ts'
import { parseManifest, tooLarge } from './parse.ts'
import type { ParseOptions } from './top.ts'
import type { ManifestResult } from './problems.ts'

/**
 * Reads a manifest file. Throws manifest_not_found, and manifest_unreadable for what is not a readable file of UTF-8
 * text; everything else that is wrong is in the result.
 */
export async function readManifest(
  path: string,
  options: Pick<ParseOptions, 'knowledge' | 'overrides'>,
): Promise<ManifestResult> {
  const absolute = resolve(path)
  const file = await openFile(absolute)
  try {
    const bytes = await readBytes(file, absolute)
    if (typeof bytes === 'number') return tooLarge(bytes, absolute)
    return parseManifest(decode(bytes, absolute), { ...options, path: absolute, directory: dirname(absolute) })
  } finally {
    await file.close()
  }
}

/** Without O_NONBLOCK a FIFO would keep us until somebody writes to it. */
async function openFile(path: string): Promise<FileHandle> {
  try {
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
  } catch (cause) {
    const code = codeOf(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR')
      throw new EnginehouseError('manifest_not_found', { looked: [path] }, { cause })
    throw unreadable(path, code === 'EACCES' ? 'permission denied' : code, cause)
  }
}

/** The content of the opened file, or its size when that is too much to read. */
async function readBytes(file: FileHandle, path: string): Promise<Buffer | number> {
  const { size, isFile } = await file.stat().then((stat) => ({ size: stat.size, isFile: stat.isFile() }))
  if (!isFile) throw unreadable(path, 'it is not a file')
  if (size > MANIFEST_SIZE_MAX) return size
  try {
    return await file.readFile()
  } catch (cause) {
    throw unreadable(path, codeOf(cause), cause)
  }
}

function decode(bytes: Buffer, path: string): string {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    throw unreadable(path, 'it is UTF-16; save it as UTF-8')
  }
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch (cause) {
    throw unreadable(path, 'it is not UTF-8 text; save it as UTF-8', cause)
  }
}

function unreadable(path: string, why: string, cause?: unknown): EnginehouseError {
  return new EnginehouseError('manifest_unreadable', { path, why }, { cause })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error)
}
