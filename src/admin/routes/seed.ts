import type { DeviceView, EngineDescription, LeaveReason, ModelView } from '../../core/index.ts'
import { readQuery } from '../query.ts'
import type { AdminOptions, Route } from '../route.ts'
import type { HealthShape, LoadedShape, StatsShape } from '../shapes.ts'
import { iso, isoOrNull } from '../wire.ts'
import { unloadAllRoute } from './actions.ts'

/** The routes of single-host model servers, told from the same view. They wake nothing. */
export function seedRoutes(options: AdminOptions): readonly Route[] {
  const { view } = options.operations
  return [
    get('/v1/models/loaded', () => {
      const models = view
        .models()
        .flatMap((model) => (model.status === 'loaded' ? [showLoaded(model, options.kinds)] : []))
      return { models, count: models.length }
    }),
    get('/v1/models/stats', () => stats(options)),
    unloadAllRoute('/v1/models/unload-all', options),
    get('/v1/health', () => health(options)),
  ]
}

function get(path: string, answer: () => unknown): Route {
  return {
    method: 'GET',
    path,
    handle: async (request) => {
      readQuery(request.query, [])
      return answer()
    },
  }
}

function showLoaded(model: ModelView, kinds: readonly EngineDescription[]): LoadedShape {
  const bytes = model.claims.map((claim) => claim.bytes)
  return {
    model: model.id,
    // What these servers' clients call the engine.
    backend: kinds.find(({ name }) => name === model.engine)?.backend ?? model.engine,
    // The one that holds the most of it: `host` where nothing is claimed.
    device: model.claims.find((claim) => claim.bytes === Math.max(...bytes))?.device ?? 'host',
    loaded_at: isoOrNull(model.instance?.readyAt ?? null),
    last_used: isoOrNull(model.lastByteAt),
    ttl: model.ttl === null ? null : model.ttl / 1000,
    expires_at: isoOrNull(model.unloadAt),
    memory_bytes: bytes.reduce((sum, each) => sum + each, 0),
  }
}

/** The closed list, so that a reason that has not happened is seen as none. */
const NO_EVICTIONS: Readonly<Record<LeaveReason, number>> = Object.freeze({
  ttl_expired: 0,
  evicted_for: 0,
  operator: 0,
  manifest_changed: 0,
  crashed: 0,
  out_of_memory: 0,
  health_failed: 0,
  shutdown: 0,
  upgrade: 0,
})

async function stats({ operations: { view }, totals }: AdminOptions): Promise<StatsShape> {
  const { admissions, loads, unloads } = await totals()
  return {
    hits: admissions.hit,
    misses: admissions.miss,
    loads,
    evictions: { ...NO_EVICTIONS, ...unloads },
    loaded: view.models().filter((model) => model.status === 'loaded').length,
    memory: Object.fromEntries(view.devices().map((device) => [device.id, memoryOf(device)])),
  }
}

function health({ operations: { view }, version, startedAt, now }: AdminOptions): HealthShape {
  const models = view.models()
  const count = (...statuses: readonly ModelView['status'][]): number =>
    models.filter((model) => statuses.includes(model.status)).length
  return {
    status: view.stage === 'serving' ? 'ok' : view.stage,
    version,
    started_at: iso(startedAt),
    uptime_seconds: Math.floor((now() - startedAt) / 1000),
    models: {
      total: models.length,
      loaded: count('loaded'),
      loading: count('loading', 'downloading'),
      failed: count('failed'),
    },
    devices: view.devices().map((device) => ({ id: device.id, ...memoryOf(device) })),
  }
}

/** As the system measures it; where it does not, what is claimed. */
function memoryOf({ total, measuredFree, claims }: DeviceView): { readonly used: number; readonly total: number } {
  const claimed = claims.reduce((sum, { bytes }) => sum + bytes, 0)
  return { used: measuredFree === null ? claimed : total - measuredFree, total }
}
