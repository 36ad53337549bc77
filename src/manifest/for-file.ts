import { basename, dirname, resolve } from 'node:path'
import type { EngineDescription, GpuRequest, ListenAddress, Manifest, ModelName, ModelSpec } from '../core/index.ts'
import { deepFreeze } from './freeze.ts'
import { DEFAULT_MEMORY, DEFAULT_MODEL, DEFAULT_SERVER } from './defaults.ts'
import { NAME_LENGTH_MAX } from './limits.ts'
import { nameFault } from './names.ts'

export interface FileManifestOptions {
  /** Default a free port on loopback. */
  readonly listen?: ListenAddress
  /** Default none: the host alone. */
  readonly gpus?: GpuRequest
}

/**
 * The manifest of one GGUF file, for a person who has no manifest: the first engine that reads one, with every default.
 * Throws RangeError where none does.
 */
export function manifestForFile(
  ggufPath: string,
  engines: readonly EngineDescription[],
  options: FileManifestOptions = {},
): Manifest {
  const path = resolve(ggufPath)
  const name = nameForFile(path)
  const engine = engines.find(({ reads }) => reads === 'gguf')
  if (engine === undefined) throw new RangeError('no engine reads a GGUF file')
  const { parallel, concurrency } = engine.defaults
  const model: ModelSpec = {
    ...DEFAULT_MODEL,
    name,
    engine: engine.name,
    source: [{ kind: 'file', path }],
    gpus: options.gpus ?? { kind: 'none' },
    parallel,
    concurrency: concurrency ?? parallel,
  }
  return deepFreeze<Manifest>({
    path: null,
    directory: dirname(path),
    server: { ...DEFAULT_SERVER, listen: options.listen ?? { ...DEFAULT_SERVER.listen, port: 0 } },
    engines: {},
    memory: DEFAULT_MEMORY,
    models: new Map([[name, model]]),
  })
}

/** The file's name as far as a model may have it, without `.gguf` and the number of a split file. */
export function nameForFile(path: string): ModelName {
  return nameFrom(
    basename(path)
      .replace(/\.gguf$/i, '')
      .replace(/-\d{5}-of-\d{5}$/, ''),
  )
}

/** A name that a model may have, as near to the text as that goes. */
export function nameFrom(text: string): ModelName {
  const name = text
    .replace(/[^A-Za-z0-9._\-:@+]+/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, NAME_LENGTH_MAX)
  return nameFault(name) === undefined ? name : 'model'
}
