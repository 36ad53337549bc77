import { CAPABILITIES } from '../../../src/core/index.ts'
import type {
  Address,
  Admission,
  ConnectionReuse,
  Lease,
  LeaseOutcome,
  ModelView,
  PlainAnswers,
  RequestInfo,
  View,
} from '../../../src/core/index.ts'
import { createGateway } from '../../../src/gateway/index.ts'
import type { Gateway, GatewayManifest } from '../../../src/gateway/index.ts'
import { createLogger, createMetrics } from '../../../src/telemetry/index.ts'
import type { AccessEntry, Metrics } from '../../../src/telemetry/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'

export function modelView(id: string, fields: Partial<ModelView> = {}): ModelView {
  return {
    id,
    aliases: [],
    engine: 'command',
    spec: modelSpec({ name: id, engine: 'command' }),
    variant: null,
    learnedLoad: null,
    timeouts: { firstByte: null, betweenBytes: null, total: null },
    unlisted: false,
    phase: 'ready',
    status: 'loaded',
    contextLength: 4096,
    root: id,
    ttl: null,
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
    capabilities: new Set(CAPABILITIES),
    ...fields,
  }
}

/** The port as the gateway sees it: hands out leases on one address, and remembers what was asked and given back. */
export interface StubAdmission extends Admission {
  readonly asked: { model: string; info: RequestInfo; signal: AbortSignal }[]
  readonly released: LeaseOutcome[]
  /** Settles when that many leases were given back. */
  releasedAll(count: number): Promise<void>
  /** Ends the instance; the next lease is of another one. */
  end(reason?: unknown): void
  address: Address
  reuse: ConnectionReuse
  plainAnswers: PlainAnswers
  servedName: string | null
  /** Replaces the immediate lease. */
  grant: ((lease: Lease, signal: AbortSignal) => Lease | Promise<Lease>) | null
}

function stubAdmission(address: Address): StubAdmission {
  let generation = 1
  let ended = new AbortController()
  const waiters: { count: number; resolve: () => void }[] = []
  const stub: StubAdmission = {
    asked: [],
    released: [],
    address,
    reuse: 'always',
    plainAnswers: 'passed',
    servedName: null,
    grant: null,
    acquire(model, info, signal) {
      stub.asked.push({ model, info, signal })
      let given = false
      const lease: Lease = {
        instance: `${model}-${generation}`,
        model,
        fallbackFrom: null,
        address: stub.address,
        servedName: stub.servedName ?? model,
        key: 'engine-key',
        reuse: stub.reuse,
        plainAnswers: stub.plainAnswers,
        queued: 0,
        coldStart: null,
        ended: ended.signal,
        release(outcome) {
          if (given) throw new Error('a lease was released twice')
          given = true
          stub.released.push(outcome)
          for (const waiter of waiters) if (stub.released.length >= waiter.count) waiter.resolve()
        },
      }
      return stub.grant === null ? lease : stub.grant(lease, signal)
    },
    releasedAll(count) {
      if (stub.released.length >= count) return Promise.resolve()
      return new Promise((resolve) => void waiters.push({ count, resolve }))
    },
    end(reason) {
      const old = ended
      generation++
      ended = new AbortController()
      old.abort(reason)
    },
  }
  return stub
}

export interface House {
  readonly gateway: Gateway
  readonly admission: StubAdmission
  readonly metrics: Metrics
  readonly view: View & { stage: View['stage'] }
  readonly port: number
  readonly url: string
  readonly logLines: readonly string[]
  readonly accessEntries: readonly AccessEntry[]
  scrape(): Promise<string>
  close(): Promise<void>
}

export interface HouseOptions {
  readonly address?: Address
  readonly models?: readonly ModelView[]
  readonly maxBody?: number
  readonly bodies?: number
  readonly stalledReader?: number
  readonly heartbeat?: { readonly after: number; readonly every: number }
  readonly server?: Parameters<typeof createGateway>[0]['limits']['server']
  /** What of the manifest is read for each request. */
  readonly manifest?: GatewayManifest
  /** Where another room would register its routes. */
  readonly beforeListen?: (app: Gateway['app']) => unknown
  /** False: the test listens itself. */
  readonly listen?: false
}

/** A gateway on a free port over the stub. */
export async function startHouse(options: HouseOptions = {}): Promise<House> {
  const models = options.models ?? [modelView('m', { aliases: ['alias'] })]
  const byName = (name: string): ModelView | undefined =>
    models.find((model) => model.id === name || model.aliases.includes(name))
  const view = {
    models: () => models,
    resolve: byName,
    model: byName,
    devices: () => [],
    queue: () => [],
    stage: 'serving' as View['stage'],
  }
  const admission = stubAdmission(options.address ?? { kind: 'tcp', host: '127.0.0.1', port: 1 })
  const manifest = options.manifest ?? { server: { hosts: ['auto'], cors: ['local'] } }
  const logLines: string[] = []
  const accessEntries: AccessEntry[] = []
  const metrics = createMetrics({ version: '0.0.0' })
  const gateway = createGateway({
    admission,
    view,
    metrics,
    log: createLogger({ level: 'debug', destination: { write: (line) => logLines.push(line) } }),
    access: { wanted: true, probesWanted: false, write: (entry) => void accessEntries.push(entry) },
    limits: {
      maxBody: options.maxBody ?? 1024 * 1024,
      ...(options.bodies === undefined ? {} : { bodies: options.bodies }),
      ...(options.stalledReader === undefined ? {} : { stalledReader: options.stalledReader }),
      ...(options.heartbeat === undefined ? {} : { heartbeat: options.heartbeat }),
      ...(options.server === undefined ? {} : { server: options.server }),
    },
    manifest: () => manifest,
    hostNames: ['this-host'],
  })
  await options.beforeListen?.(gateway.app)
  const bound = options.listen === false ? null : await gateway.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })
  const port = bound?.kind === 'tcp' ? bound.port : 0
  return {
    gateway,
    admission,
    metrics,
    view,
    port,
    url: `http://127.0.0.1:${port}`,
    logLines,
    accessEntries,
    scrape: async () => (await metrics.render(view)).text,
    close: () => gateway.drain({ deadlineSignal: AbortSignal.abort() }),
  }
}
