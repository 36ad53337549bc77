import { CAPABILITIES, GIB, MIB } from '../core/index.ts'
import type { MemorySpec, ModelSpec, ServerSpec } from '../core/index.ts'
import { deepFreeze } from './freeze.ts'

/*
 * What holds where the manifest says nothing (INTERFACE 1), each default once: the reader of a text and the manifest
 * that is made for a single file begin here.
 */

export const DEFAULT_SERVER = deepFreeze({
  listen: { kind: 'tcp', host: '127.0.0.1', port: 8080 },
  auth: 'auto',
  hosts: ['auto'],
  cors: ['local'],
  maxBody: 32 * MIB,
  maxQueue: 512,
  queueTimeout: 600_000,
} as const satisfies ServerSpec)

export const DEFAULT_MEMORY = deepFreeze({
  reserve: GIB,
  host: { share: 0.8 },
  resources: {},
} as const satisfies MemorySpec)

/** What a model has to say itself, and what its engine decides. */
type NotShared = 'name' | 'engine' | 'source' | 'gpus' | 'parallel' | 'concurrency'

export const DEFAULT_MODEL: Omit<ModelSpec, NotShared> = deepFreeze({
  context: null,
  memory: null,
  offload: { layers: 'all', experts: 'gpu' },
  ttl: 300_000,
  keep: 'auto',
  priority: 'normal',
  aliases: [],
  args: [],
  env: {},
  command: [],
  cwd: null,
  health: { path: '/health', status: 200 },
  capabilities: CAPABILITIES,
  servedName: null,
  stop: { signal: 'SIGTERM', grace: 10_000, command: null },
  minResidency: null,
  resources: {},
  load: { stall: 120_000, timeout: null },
  start: { attempts: 5, window: 600_000 },
  timeouts: { firstByte: 600_000, betweenBytes: 120_000, total: null },
  unlisted: false,
  fallback: null,
  variants: [],
})
