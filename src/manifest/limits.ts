import { GIB, MIB } from '../core/index.ts'
import type { AnswerTimeouts, Bytes, LoadLimits, Millis, StartLimits } from '../core/index.ts'

/**
 * What a manifest may be. The size bounds the time that reading takes (a MiB of models takes some seconds, a usual manifest milliseconds), the others
 * bound what a small text can grow to.
 */
export const MANIFEST_SIZE_MAX: Bytes = MIB
/** Mappings and lists inside each other. The deepest key of a manifest stands at 5. */
export const DEPTH_MAX = 64
/** Nodes that aliases and merges may add to what is written. */
export const ALIASED_NODES_MAX = 20_000

/** The `.env` beside a manifest. */
export const ENV_FILE_SIZE_MAX: Bytes = MIB / 16
/** Characters of all values that variables stand in, as they are after that: aliases may repeat each of them. */
export const VARYING_TEXT_MAX = MIB
/** Unset variables for which like names are looked for: each is compared with all that are set. */
export const HINTED_NAMES_MAX = 100

export const NAME_LENGTH_MAX = 128
/** A unix socket's path, less the byte that ends it: what the kernel takes. */
export const SOCKET_PATH_MAX = 107
export const PORT_MAX = 65_535
export const QUEUE_MAX = 1_000_000
export const BODY_MAX: Bytes = 2 * GIB
export const PARALLEL_MAX = 1024
export const CONCURRENCY_MAX = 65_536
export const GPU_INDEX_MAX = 255
/** An engine counts tokens in 32 bits. */
export const CONTEXT_MAX = 2 ** 31 - 1

/** What holds where the manifest says nothing (INTERFACE 1). */
export const DEFAULTS = Object.freeze({
  listen: Object.freeze({ kind: 'tcp', host: '127.0.0.1', port: 8080 } as const),
  maxBody: 32 * MIB,
  maxQueue: 512,
  hosts: Object.freeze(['auto']),
  cors: Object.freeze(['local']),
  queueTimeout: 600_000 satisfies Millis,
  reserve: GIB,
  hostShare: 0.8,
  ttl: 300_000 satisfies Millis,
  parallel: 1,
  /** llama-server takes as many requests as it has slots; of a command we know nothing. */
  commandConcurrency: 32,
  healthPath: '/health',
  healthStatus: 200,
  load: Object.freeze({ stall: 120_000, timeout: null } as const) satisfies LoadLimits,
  start: Object.freeze({ attempts: 5, window: 600_000 }) satisfies StartLimits,
  timeouts: Object.freeze({
    firstByte: 600_000,
    betweenBytes: 120_000,
    total: null,
  } as const) satisfies AnswerTimeouts,
})
