import fastify, { type FastifyInstance } from 'fastify'
import { onTestFinished } from 'vitest'

import { ADAPTERS } from '../../../engines/index.ts'
import type { AdminOptions, EngineLogs, History } from '../../../src/admin/index.ts'
import { registerAdmin } from '../../../src/admin/index.ts'
import type { DeviceView, JournalRecord, ModelView, Operation, Operations } from '../../../src/core/index.ts'
import { EnginehouseError, specOf } from '../../../src/core/index.ts'
import { matches } from '../../../src/journal/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'

export const NOW = Date.parse('2026-01-31T14:00:00Z')
const GIB = 1024 ** 3

export function modelView(id: string, more: Partial<ModelView> = {}): ModelView {
  return {
    id,
    aliases: [],
    engine: 'llama-server',
    spec: modelSpec({ name: id }),
    variant: null,
    learnedLoad: null,
    timeouts: { firstByte: null, betweenBytes: null, total: null },
    unlisted: false,
    phase: 'absent',
    status: 'unloaded',
    contextLength: 8192,
    root: `/models/${id}.gguf`,
    ttl: 300_000,
    keep: 'auto',
    pinned: null,
    fetched: null,
    claims: [],
    instance: null,
    leases: 0,
    waiting: 0,
    lastByteAt: null,
    unloadAt: null,
    lastLoad: null,
    lastReason: null,
    failure: null,
    capabilities: new Set(['chat', 'completions']),
    ...more,
  }
}

export const READY = modelView('org/ready', {
  aliases: ['default'],
  phase: 'ready',
  status: 'loaded',
  claims: [{ device: 'host', bytes: 2 * GIB, origin: 'formula' }],
  instance: {
    id: 'ready-1',
    pid: 4711,
    argv: ['llama-server', '-m', 'x.gguf'],
    startedAt: NOW - 60_000,
    readyAt: NOW - 58_750,
    progress: 1,
    step: null,
    figures: null,
  },
  leases: 1,
  lastByteAt: NOW - 1000,
  unloadAt: NOW + 299_000,
  lastLoad: 1250,
  learnedLoad: 2000,
})

export const HOST: DeviceView = {
  id: 'host',
  kind: 'host',
  index: 0,
  name: 'host',
  total: 32 * GIB,
  reserve: 6 * GIB,
  measuredFree: 20 * GIB,
  measuredAt: NOW,
  claims: [{ model: 'org/ready', instance: 'ready-1', bytes: 2 * GIB, phase: 'ready' }],
  quarantined: 0,
  free: 18 * GIB,
}

/** A stub of the operators' port: the calls it got, and the operation that it answers each with. */
export interface StubOperations extends Operations {
  readonly calls: unknown[][]
  answer: () => Operation
  previewed: readonly JournalRecord[]
}

export function stubOperations(models: readonly ModelView[]): StubOperations {
  const calls: unknown[][] = []
  const call =
    (name: string) =>
    (...args: unknown[]): Operation => {
      calls.push([name, ...args])
      return stub.answer()
    }
  const stub: StubOperations = {
    calls,
    answer: () => ({ records: [], done: Promise.resolve() }),
    previewed: [],
    view: {
      models: () => models,
      resolve: (name) => models.find(({ id, aliases }) => id === name || aliases.includes(name)),
      model: (name) => models.find(({ id, aliases }) => id === name || aliases.includes(name)),
      devices: () => [HOST],
      queue: () => [{ request: 'r-1', model: 'cold', since: NOW - 5000 }],
      stage: 'serving',
    },
    load: call('load'),
    unload: call('unload'),
    unloadAll: call('unloadAll'),
    pin: call('pin'),
    unpin: call('unpin'),
    restart: call('restart'),
    clearDevice: call('clearDevice'),
    reload: call('reload'),
    refuseReload: (refused) => void calls.push(['refuseReload', refused]),
    previewReload: (next, diff) => {
      calls.push(['previewReload', next, diff])
      return { records: stub.previewed, loads: new Map() }
    },
    preview(command) {
      calls.push(['preview', command])
      return stub.previewed
    },
  }
  return stub
}

/** A journal of these records that more can be appended to. */
export function stubJournal(past: readonly JournalRecord[]): History & { append(record: JournalRecord): void } {
  const records = [...past]
  const followers = new Set<(record: JournalRecord) => void>()
  return {
    query: async (query) => records.filter((record) => matches(record, query)).slice(-(query.limit ?? records.length)),
    follow(callback) {
      followers.add(callback)
      return () => followers.delete(callback)
    },
    append(record) {
      records.push(record)
      for (const follower of followers) follower(record)
    },
  }
}

const SILENT: EngineLogs = { tail: async () => [], follow: () => () => undefined }

export function adminOptions(more: Partial<AdminOptions> = {}): AdminOptions {
  return {
    operations: stubOperations([READY, modelView('cold')]),
    journal: stubJournal([]),
    logs: SILENT,
    totals: async () => ({ admissions: { hit: 7, miss: 2 }, loads: 2, unloads: { ttl_expired: 1 } }),
    daemonLog: { level: 'info', recent: () => [], follow: () => () => undefined },
    requests: { all: () => [], cancel: () => [] },
    kinds: ADAPTERS,
    engines: async () => [{ name: 'llama-server', state: 'found', path: '/opt/llama-server' }],
    version: '0.1.0',
    startedAt: NOW - 7_500_000,
    listen: () => 'http://127.0.0.1:8080',
    manifest: '/etc/m.yaml',
    configuration: null,
    isLocal: () => true,
    stateDirectory: '/state',
    now: () => NOW,
    ...more,
  }
}

/** A bare server with the native routes; errors are answered as code, message and facts. */
export async function admin(more: Partial<AdminOptions> = {}): Promise<FastifyInstance> {
  const app = fastify()
  app.setErrorHandler((error, _request, reply) => {
    if (!(error instanceof EnginehouseError))
      return reply.code(500).send({ error: { code: 'bare', message: String(error) } })
    const { code, message, facts } = error as EnginehouseError
    return reply.code(specOf(code).status).send({ error: { code, message, facts } })
  })
  await registerAdmin(app, adminOptions(more))
  onTestFinished(() => app.close())
  return app
}
