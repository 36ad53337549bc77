import { basename, dirname, resolve } from 'node:path'
import type { GpuRequest, ListenAddress, Manifest, ModelName, ModelSpec } from '../core/index.ts'
import { deepFreeze } from './freeze.ts'
import { DEFAULTS, NAME_LENGTH_MAX } from './limits.ts'
import { nameFault } from './names.ts'

export interface FileManifestOptions {
  /** Default a free port on loopback. */
  readonly listen?: ListenAddress
  /** Default none: the host alone. */
  readonly gpus?: GpuRequest
}

/** The manifest of one GGUF file, for a person who has no manifest: llama-server with every default. */
export function manifestForFile(ggufPath: string, options: FileManifestOptions = {}): Manifest {
  const path = resolve(ggufPath)
  const name = nameForFile(path)
  const model: ModelSpec = {
    name,
    engine: 'llama-server',
    source: [{ kind: 'file', path }],
    gpus: options.gpus ?? { kind: 'none' },
    context: null,
    parallel: DEFAULTS.parallel,
    concurrency: DEFAULTS.parallel,
    memory: null,
    ttl: DEFAULTS.ttl,
    keep: 'auto',
    priority: 'normal',
    aliases: [],
    args: [],
    env: {},
    command: [],
    health: { path: DEFAULTS.healthPath, status: DEFAULTS.healthStatus },
    servedName: null,
    minResidency: null,
    resources: {},
    load: DEFAULTS.load,
    start: DEFAULTS.start,
    timeouts: DEFAULTS.timeouts,
    unlisted: false,
    fallback: null,
    variants: [],
  }
  return deepFreeze<Manifest>({
    path: null,
    directory: dirname(path),
    server: {
      listen: options.listen ?? { kind: 'tcp', host: DEFAULTS.listen.host, port: 0 },
      hosts: DEFAULTS.hosts,
      cors: DEFAULTS.cors,
      maxBody: DEFAULTS.maxBody,
      maxQueue: DEFAULTS.maxQueue,
      queueTimeout: DEFAULTS.queueTimeout,
    },
    engines: {},
    memory: { reserve: DEFAULTS.reserve, host: { share: DEFAULTS.hostShare }, resources: {} },
    models: new Map([[name, model]]),
  })
}

/** The file's name as far as a model may have it, without `.gguf` and the number of a split file. */
function nameForFile(path: string): ModelName {
  const stem = basename(path)
    .replace(/\.gguf$/i, '')
    .replace(/-\d{5}-of-\d{5}$/, '')
  const name = stem
    .replace(/[^A-Za-z0-9._\-:@+]/g, '-')
    .replace(/^[^A-Za-z0-9]+/, '')
    .slice(0, NAME_LENGTH_MAX)
  return nameFault(name) === undefined ? name : 'model'
}
