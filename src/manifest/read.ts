import { dirname, join, resolve } from 'node:path'
import { EnginehouseError } from '../core/index.ts'
import type { Manifest } from '../core/index.ts'
import type { KnownPrograms } from './context.ts'
import type { EnvFile } from './environment.ts'
import { whyTooLarge } from './environment.ts'
import { ENV_FILE_SIZE_MAX, MANIFEST_SIZE_MAX } from './limits.ts'
import { parseManifest, readDraft, tooLarge } from './parse.ts'
import type { ManifestResult } from './result.ts'
import { readTextFile } from './text-file.ts'
import type { ParseOptions } from './top.ts'

export interface ReadOptions extends Pick<ParseOptions, 'knowledge' | 'overrides' | 'environment'> {
  /** Asks the programs of the engines that a manifest names what they know. Left out, no flag is held against any. */
  readonly programs?: (draft: Manifest) => Promise<KnownPrograms>
}

/**
 * Reads a manifest file, and the `.env` beside it. Throws manifest_not_found, and manifest_unreadable for what is not a
 * readable file of UTF-8 text; everything else that is wrong is in the result.
 */
export async function readManifest(path: string, options: ReadOptions): Promise<ManifestResult> {
  const absolute = resolve(path)
  const file = await readTextFile(absolute, MANIFEST_SIZE_MAX)
  switch (file.kind) {
    case 'absent':
      throw new EnginehouseError('manifest_not_found', { looked: [absolute] }, { cause: file.cause })
    case 'directory':
      throw new EnginehouseError('manifest_unreadable', { path: absolute, why: 'it is not a file' })
    case 'unreadable':
      throw new EnginehouseError('manifest_unreadable', { path: absolute, why: file.why }, { cause: file.cause })
    case 'too_large':
      return tooLarge(file.size, absolute)
    case 'text':
      return readManifestText(file.text, { ...options, path: absolute, directory: dirname(absolute) })
    default:
      return file satisfies never
  }
}

/** The same for a text from elsewhere that is known as `path` and would stand in `directory`. */
export async function readManifestText(
  text: string,
  { programs, ...options }: ReadOptions & Omit<ParseOptions, 'envFile'>,
): Promise<ManifestResult> {
  const envFile = await readEnvFile(join(options.directory, '.env'))
  const whole = { ...options, ...(envFile ? { envFile } : {}) }
  const { result, draft } = readDraft(text, whole)
  const known = draft && programs ? await programs(draft) : new Map()
  // Read anew rather than added to: what is wrong is told in the order of the text, each thing once.
  return known.size === 0
    ? result
    : parseManifest(text, { ...whole, knowledge: { ...whole.knowledge, programs: known } })
}

/** A directory of this name is no file of variables: Python's environments are often called so. */
async function readEnvFile(path: string): Promise<EnvFile | undefined> {
  const file = await readTextFile(path, ENV_FILE_SIZE_MAX)
  if (file.kind === 'text') return { path, text: file.text }
  if (file.kind === 'unreadable') return { path, why: file.why }
  return file.kind === 'too_large' ? { path, why: whyTooLarge(file.size) ?? 'it is too large' } : undefined
}
