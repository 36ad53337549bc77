import type {
  ClearedAnswer,
  DecidedAnswer,
  DeviceAnswer,
  EngineLineAnswer,
  EventAnswer,
  ExplanationAnswer,
  ManifestPlanAnswer,
  ModelAnswer,
  ReloadAnswer,
  StatusAnswer,
  UnloadAllAnswer,
  WholeModelAnswer,
} from './answers.ts'
import { eventData, linesOf } from './lines.ts'
import type { Transport } from './transport.ts'

/** A daemon, by the routes of its admin socket. Each call fails as `Transport` says. */
export interface Client {
  status(): Promise<StatusAnswer>
  models(): Promise<readonly ModelAnswer[]>
  model(name: string): Promise<WholeModelAnswer>
  devices(): Promise<readonly DeviceAnswer[]>
  queue(): Promise<readonly unknown[]>
  /** `at`: as somebody writes it; now without it. */
  explain(
    subject: { readonly model: string } | { readonly request: string },
    at?: string | undefined,
  ): Promise<ExplanationAnswer>
  load(model: string, how: How): Promise<DecidedAnswer>
  unload(model: string, how: How): Promise<DecidedAnswer>
  unloadAll(how: How): Promise<UnloadAllAnswer>
  restart(model: string, how: How): Promise<DecidedAnswer>
  /** Its missing memory counts as free again. */
  clearDevice(device: string): Promise<ClearedAnswer>
  /** `duration`: as somebody writes it (`2h`); null until unpinned. */
  pin(model: string, duration: string | null): Promise<DecidedAnswer>
  unpin(model: string): Promise<{ readonly model: ModelAnswer }>
  /** What a reload with this text in the place of the daemon's manifest would change. */
  plan(manifest: string): Promise<ManifestPlanAnswer>
  reload(): Promise<ReloadAnswer>
  events(query: EventQuery): AsyncIterable<EventAnswer>
  /** What a model's engines said, oldest first. */
  engineLog(model: string, query: LogQuery): AsyncIterable<EngineLineAnswer>
  /** Lines of JSON. */
  daemonLog(query: LogQuery): AsyncIterable<string>
  setLogLevel(level: string): Promise<{ readonly level: string; readonly was: string }>
  /** The data of each event of a streamed chat completion, `[DONE]` excluded. */
  chat(model: string, messages: readonly Message[], signal?: AbortSignal): AsyncIterable<string>
  close(): void
}

export interface How {
  readonly wait: boolean
  readonly dryRun: boolean
}

export interface LogQuery {
  readonly follow: boolean
  readonly lines?: number | undefined
  readonly since?: string | undefined
}

export interface EventQuery {
  readonly follow: boolean
  readonly model?: string | undefined
  readonly since?: string | undefined
  readonly limit?: number | undefined
}

export interface Message {
  readonly role: 'system' | 'user' | 'assistant'
  readonly content: string
}

export function createClient(transport: Transport): Client {
  // What a daemon of the same version sends is taken at its word; the shapes are held to it by a test.
  const get = async <T>(path: string, query: Query = {}): Promise<T> =>
    (await transport.ask({ method: 'GET', path: withQuery(`/api/v1${path}`, query), answer: 'quick' })) as T
  const post = async <T>(path: string, body: unknown): Promise<T> =>
    (await transport.ask({ method: 'POST', path: `/api/v1${path}`, body, answer: 'when_done' })) as T
  const stream = async function* (path: string, query: Query): AsyncGenerator<string> {
    const request = { method: 'GET', path: withQuery(`/api/v1${path}`, query), answer: 'when_done' } as const
    yield* linesOf(transport.open(request))
  }
  return {
    status: () => get('/status'),
    models: async () => (await get<{ models: ModelAnswer[] }>('/models')).models,
    model: (name) => get(`/models/${encodeURIComponent(name)}`),
    devices: async () => (await get<{ devices: DeviceAnswer[] }>('/devices')).devices,
    queue: async () => (await get<{ queue: unknown[] }>('/queue')).queue,
    explain: (subject, at) => get('/explain', { ...subject, at }),
    load: (model, { wait, dryRun }) => post('/models/load', { model, wait, dry_run: dryRun }),
    unload: (model, { wait, dryRun }) => post('/models/unload', { model, wait, dry_run: dryRun }),
    unloadAll: ({ wait, dryRun }) => post('/models/unload-all', { wait, dry_run: dryRun }),
    restart: (model, { wait, dryRun }) => post('/models/restart', { model, wait, dry_run: dryRun }),
    clearDevice: (device) => post('/devices/clear', { device }),
    pin: (model, duration) => post('/models/pin', { model, for: duration }),
    unpin: (model) => post('/models/unpin', { model }),
    plan: (manifest) => post('/plan', { manifest }),
    reload: () => post('/config/reload', {}),
    async *events(query) {
      for await (const data of eventData(stream('/events', { ...query }))) yield JSON.parse(data)
    },
    async *engineLog(model, query) {
      for await (const line of stream('/logs', { model, format: 'json', ...query })) yield JSON.parse(line)
    },
    daemonLog: (query) => stream('/logs', { ...query }),
    setLogLevel: (level) => post('/logs/level', { level }),
    async *chat(model, messages, signal) {
      const body = { model, messages, stream: true }
      const ends = signal ? { signal } : {}
      const request = { method: 'POST', path: '/v1/chat/completions', body, answer: 'when_done', ...ends } as const
      for await (const data of eventData(linesOf(transport.open(request)))) {
        if (data !== '[DONE]') yield data
      }
    },
    close: () => transport.close(),
  }
}

type Query = Readonly<Record<string, string | number | boolean | undefined>>

function withQuery(path: string, query: Query): string {
  const given = new URLSearchParams()
  for (const [key, value] of Object.entries(query)) if (value !== undefined) given.set(key, String(value))
  return given.size === 0 ? path : `${path}?${given.toString()}`
}
