import type { Claim, DeviceView, Instant, InstanceView, Millis, ModelView, QueueView } from '../core/index.ts'
import type { LiveRequest } from './ports.ts'
import type {
  ClaimShape,
  DeviceShape,
  InstanceShape,
  ModelShape,
  RequestShape,
  WaitingShape,
  WholeModelShape,
} from './shapes.ts'
import { showSettings } from './settings.ts'
import { iso, isoOrNull } from './wire.ts'

export function showModel(model: ModelView): ModelShape {
  return {
    id: model.id,
    engine: model.engine,
    phase: model.phase,
    status: { value: model.status },
    aliases: model.aliases,
    root: model.root,
    context_length: model.contextLength,
    capabilities: [...model.capabilities],
    ttl_ms: model.ttl,
    keep: model.keep,
    pinned: model.pinned && { until: isoOrNull(model.pinned.until) },
    fetched_bytes: model.fetched,
    devices: model.claims.map((claim) => claim.device),
    claim: Object.fromEntries(model.claims.map(showClaim)),
    instance: model.instance && showInstance(model.instance),
    leases: model.leases,
    waiting: model.waiting,
    last_byte_at: isoOrNull(model.lastByteAt),
    unload_at: isoOrNull(model.unloadAt),
    load_seconds: { last: seconds(model.lastLoad), learned: seconds(model.learnedLoad) },
    last_reason: model.lastReason,
    failure: model.failure && {
      class: model.failure.class,
      message: model.failure.message,
      retry_at: isoOrNull(model.failure.retryAt),
      log_tail: model.failure.logTail,
    },
  }
}

export function showWholeModel(model: ModelView): WholeModelShape {
  return {
    ...showModel(model),
    settings: showSettings(model.spec),
    variant: model.variant === 0 ? null : model.variant,
  }
}

function seconds(span: Millis | null): number | null {
  return span === null ? null : span / 1000
}

function showClaim(claim: Claim): [string, ClaimShape] {
  return [claim.device, { bytes: claim.bytes, origin: claim.origin, parts: claim.parts ?? null }]
}

function showInstance(instance: InstanceView): InstanceShape {
  return {
    id: instance.id,
    pid: instance.pid,
    argv: instance.argv,
    started_at: iso(instance.startedAt),
    ready_at: isoOrNull(instance.readyAt),
    progress: instance.progress,
    step: instance.step,
    figures: instance.figures && { memory: instance.figures.memory, cache_tokens: instance.figures.cacheTokens },
  }
}

export function showDevice(device: DeviceView): DeviceShape {
  const claimed = device.claims.reduce((sum, claim) => sum + claim.bytes, 0)
  const used = device.measuredFree === null ? null : device.total - device.measuredFree
  return {
    id: device.id,
    kind: device.kind,
    index: device.index,
    name: device.name,
    total: device.total,
    reserve: device.reserve,
    measured_used: used,
    measured_at: iso(device.measuredAt),
    foreign: used === null ? null : Math.max(0, used - claimed),
    claims: device.claims.map(({ model, instance, bytes, phase }) => ({ model, instance, bytes, phase })),
    quarantined: device.quarantined,
    free: device.free,
  }
}

export function showWaiting(waiting: QueueView): WaitingShape {
  return { request: waiting.request, model: waiting.model, since: iso(waiting.since) }
}

export function showRequest(request: LiveRequest, now: Instant): RequestShape {
  const { id, clientId, model, route, stream, instance, age, firstByteAfter } = request
  return {
    id,
    client_request: clientId,
    model,
    route,
    stream,
    state: instance === null ? 'waiting' : 'running',
    instance,
    started_at: iso(Math.round(now - age)),
    age_ms: Math.round(age),
    first_byte_ms: firstByteAfter === null ? null : Math.round(firstByteAfter),
  }
}
