import type { AnswerTimeouts, Manifest, Millis, ModelSpec } from '../core/index.ts'
import { formatBytes, formatDuration } from '../core/index.ts'
import { DEFAULT_MODEL } from './defaults.ts'
import { describeListen } from './listen.ts'
import type { Plain } from './node.ts'
import type { modelShape } from './model-schema.ts'
import type { containedEngineShape, memoryShape, serverShape } from './schema.ts'

/** A value in the manifest's notation, or, where what holds has none, words. */
export type Shown = { readonly value: Plain } | { readonly words: string }

type Defaults<Shape, From> = { readonly [K in keyof Shape]: (from: From) => Shown | null }

/*
 * How what holds is written where nobody wrote it. Every key of the schema has its line, so that none is forgotten;
 * null for a key that says nothing when it is left out.
 */

const SERVER: Defaults<typeof serverShape, Manifest> = {
  listen: ({ server }) => ({ value: describeListen(server.listen) }),
  auth: ({ server }) => ({ value: server.auth }),
  max_body: ({ server }) => ({ value: formatBytes(server.maxBody) }),
  hosts: ({ server }) => ({ value: server.hosts }),
  cors: ({ server }) => ({ value: server.cors }),
  max_queue: ({ server }) => ({ value: server.maxQueue }),
  queue_timeout: ({ server }) => ({ value: formatDuration(server.queueTimeout) }),
  timeouts: () => ({ value: timeoutsShown(DEFAULT_MODEL.timeouts) }),
}

const ENGINE: Defaults<typeof containedEngineShape, undefined> = {
  path: () => ({ value: 'auto' }),
  image: () => null,
}

const MEMORY: Defaults<typeof memoryShape, Manifest> = {
  reserve: ({ memory }) => ({ value: formatBytes(memory.reserve) }),
  host: ({ memory }) => ({
    value: 'share' in memory.host ? `${memory.host.share * 100}%` : formatBytes(memory.host.bytes),
  }),
  resources: () => null,
}

const MODEL: Defaults<typeof modelShape, ModelSpec> = {
  engine: () => null,
  source: () => null,
  gpus: ({ gpus }) => (gpus.kind === 'any' || gpus.kind === 'none' ? { value: gpus.kind } : null),
  context: ({ engine }) => (engine === 'command' ? null : { words: "the model's own, at most 8k" }),
  parallel: ({ parallel }) => ({ value: parallel }),
  concurrency: ({ concurrency }) => ({ value: concurrency }),
  memory: ({ engine, gpus }) =>
    engine === 'command' && gpus.kind === 'none' ? { words: 'unaccounted' } : { words: 'estimated' },
  offload: () => ({ value: { ...DEFAULT_MODEL.offload } }),
  ttl: ({ ttl, keep }) => {
    if (keep === 'always') return { words: 'never, as it is kept' }
    return { value: ttl === null ? 'never' : formatDuration(ttl) }
  },
  keep: ({ keep }) => ({ value: keep }),
  min_residency: ({ minResidency, keep }) =>
    keep === 'always' ? { words: 'for ever, as it is kept' } : { value: durationOr('auto', minResidency) },
  priority: ({ priority }) => ({ value: priority }),
  aliases: () => null,
  unlisted: ({ unlisted }) => ({ value: unlisted }),
  args: () => null,
  env: () => null,
  resources: () => null,
  load: ({ load }) => ({ value: { stall: formatDuration(load.stall), timeout: durationOr('auto', load.timeout) } }),
  start: ({ start }) => ({ value: { attempts: start.attempts, window: formatDuration(start.window) } }),
  timeouts: ({ timeouts }) => ({ value: timeoutsShown(timeouts) }),
  variants: () => null,
  fallback: () => null,
  command: () => null,
  health: ({ health }) => ({ value: { ...health } }),
  cwd: () => ({ value: '.' }),
  capabilities: ({ capabilities }) => ({ value: [...capabilities] }),
  served_name: () => null,
  stop: ({ stop }) => ({ value: { signal: stop.signal, grace: formatDuration(stop.grace), command: null } }),
}

function durationOr(word: string, span: Millis | null): string {
  return span === null ? word : formatDuration(span)
}

function timeoutsShown({ firstByte, betweenBytes, total }: AnswerTimeouts): Plain {
  return {
    first_byte: durationOr('never', firstByte),
    between_bytes: durationOr('never', betweenBytes),
    total: durationOr('never', total),
  }
}

export function defaultOfServer(key: keyof typeof serverShape, manifest: Manifest): Shown | null {
  return SERVER[key](manifest)
}

export function defaultOfEngine(key: keyof typeof containedEngineShape): Shown | null {
  return ENGINE[key](undefined)
}

export function defaultOfMemory(key: keyof typeof memoryShape, manifest: Manifest): Shown | null {
  return MEMORY[key](manifest)
}

export function defaultOfModel(key: keyof typeof modelShape, model: ModelSpec): Shown | null {
  return MODEL[key](model)
}
