import {
  type Bytes,
  type DeviceId,
  type DeviceView,
  type InstanceId,
  type LaunchKey,
  type Manifest,
  type ModelName,
  type ModelSpec,
  type ModelView,
  type Phase,
  type ServedModel,
  type Source,
  type View,
} from '../core/index.ts'
import { adapterFor, type Adapters, type Instance } from '../engine/index.ts'
import { instanceOf, isKept, type InstanceState, type ModelState, type SchedulerState } from '../scheduler/index.ts'
import type { Instances } from './instances.ts'
import type { Prepared } from './prepare.ts'
import type { Requests } from './requests.ts'

/** Context of a model that says nothing of its own, in tokens: the manifest's default for `context`. */
const DEFAULT_CONTEXT = 8192

export interface ViewParts {
  state(): SchedulerState
  readonly adapters: Adapters
  readonly instances: Instances
  readonly requests: Requests
  readonly prepared: ReadonlyMap<LaunchKey, Prepared>
  /** What an earlier daemon left is resolved. */
  serving(): boolean
  fetched(model: ModelName): Bytes | null
}

/** Shows what is; made anew at each question from the loop's state and the lease books, and changes nothing. */
export function createView(parts: ViewParts): View {
  const { adapters, instances, requests, prepared } = parts
  let served: ReadonlyMap<string, ServedModel> = new Map()
  let servedOf: Manifest | null = null

  return {
    models: () => [...parts.state().models.values()].map(modelView),
    resolve: (nameOrAlias) => servedNow().get(nameOrAlias),
    model(nameOrAlias) {
      const named = servedNow().get(nameOrAlias)
      const model = named && parts.state().models.get(named.id)
      return model && modelView(model)
    },
    devices: () => [...parts.state().devices.values()].map((facts) => deviceView(parts.state(), facts.id)),
    queue: () => requests.queue(),
    get stage() {
      if (parts.state().shutdown !== null) return 'stopping'
      return parts.serving() ? 'serving' : 'recovering'
    },
  }

  /** Made once per manifest: every request asks for one of them. */
  function servedNow(): ReadonlyMap<string, ServedModel> {
    const { manifest } = parts.state()
    if (manifest !== servedOf) served = servedBy(manifest, adapters)
    servedOf = manifest
    return served
  }

  function modelView(model: ModelState): ModelView {
    const { spec } = model
    const state = parts.state()
    const decided = instanceOf(state, spec.name)
    const variant = decided ? model.variants.findIndex(({ key }) => key === decided.key) : 0
    const way = model.variants[variant] ?? model.variants[0]
    const run = way?.spec ?? spec
    const living = decided && instances.get(decided.id)
    const usage = decided && instances.book(decided.id)?.usage
    const held = state.waiters.filter((waiter) => waiter.model === spec.name).length
    const lastByteAt = usage?.lastByteAt ?? null
    const countsDown = decided?.phase === 'ready' && usage?.leases === 0 && spec.ttl !== null && !isKept(model)
    return {
      aliases: spec.aliases,
      engine: run.engine,
      spec,
      variant: decided === undefined || variant < 0 ? null : variant,
      phase: phaseOf(model, decided, living, held),
      status: statusOf(model, decided),
      contextLength: contextOf(run, way && prepared.get(way.key)),
      root: rootOf(run.source),
      ttl: spec.ttl,
      keep: spec.keep,
      pinned: model.pinned,
      fetched: isFetching(model) ? parts.fetched(spec.name) : null,
      claims: decided?.claims ?? [],
      instance:
        decided === undefined
          ? null
          : {
              id: decided.id,
              pid: living?.pid ?? null,
              argv: living?.plan?.argv ?? [],
              startedAt: decided.startedAt,
              readyAt: decided.readyAt,
              progress: living?.hearing.progress ?? null,
              step: living?.hearing.step ?? null,
              figures: living?.hearing.figures ?? null,
            },
      leases: usage?.leases ?? 0,
      waiting: held + (usage?.waiting ?? 0),
      lastByteAt,
      unloadAt: countsDown && lastByteAt !== null && spec.ttl !== null ? lastByteAt + spec.ttl : null,
      lastLoad: model.lastLoad,
      learnedLoad: (way && state.learned.get(way.key)) ?? null,
      lastReason: model.lastReason,
      failure: model.failure && {
        class: model.failure.class,
        message: model.failure.message,
        retryAt: model.failure.retryAt,
        logTail: model.failure.logTail,
      },
      ...servedModel(spec, adapters),
    }
  }
}

function servedBy(manifest: Manifest, adapters: ViewParts['adapters']): ReadonlyMap<string, ServedModel> {
  const served = new Map<string, ServedModel>()
  for (const spec of manifest.models.values()) {
    const model = Object.freeze(servedModel(spec, adapters))
    for (const name of [spec.name, ...spec.aliases]) served.set(name, model)
  }
  return served
}

function servedModel(spec: ModelSpec, adapters: ViewParts['adapters']): ServedModel {
  const { name, timeouts, unlisted } = spec
  return { id: name, capabilities: adapterFor(adapters, spec.engine).capabilities(spec), timeouts, unlisted }
}

function isFetching({ variants }: ModelState): boolean {
  return variants.some(({ weights }) => weights.kind === 'fetching')
}

function phaseOf(
  model: ModelState,
  decided: InstanceState | undefined,
  living: Instance | undefined,
  waiting: number,
): ModelView['phase'] {
  if (decided !== undefined) return living?.phase ?? 'starting'
  if (isFetching(model)) return 'fetching'
  if (model.failure !== null) return 'failed'
  if (model.notBefore !== null && (waiting > 0 || model.standing !== null)) return 'backing_off'
  return waiting > 0 ? 'waiting' : 'absent'
}

function statusOf(model: ModelState, decided: InstanceState | undefined): ModelView['status'] {
  if (decided?.phase === 'ready') return 'loaded'
  if (decided?.phase === 'starting') return 'loading'
  if (isFetching(model)) return 'downloading'
  return model.failure === null ? 'unloaded' : 'failed'
}

function contextOf(spec: ModelSpec, prepared: Prepared | undefined): number | null {
  if (spec.context !== null) return spec.context
  const trained = prepared?.weights?.trainedContext ?? null
  return trained === null ? null : Math.min(trained, DEFAULT_CONTEXT)
}

function rootOf(sources: readonly Source[]): string {
  const first = sources[0]
  if (first === undefined) return ''
  return first.kind === 'file' ? `file:${first.path}` : `exec:${first.argv[0] ?? ''}`
}

function deviceView(state: SchedulerState, id: DeviceId): DeviceView {
  const facts = state.devices.get(id)
  if (facts === undefined) throw new RangeError(`no facts of device ${id}`)
  const claims: { model: ModelName; instance: InstanceId; bytes: Bytes; phase: Phase }[] = []
  let claimed = 0
  let quarantined = 0
  for (const instance of state.instances.values()) {
    for (const claim of instance.claims) {
      if (claim.device !== id) continue
      claimed += claim.bytes
      if (instance.phase === 'stuck') quarantined += claim.bytes
      const phase: Phase = instance.phase === 'leaving' ? 'stopping' : instance.phase
      claims.push({ model: instance.model, instance: instance.id, bytes: claim.bytes, phase })
    }
  }
  const byClaims = facts.total - facts.reserve - claimed
  return { ...facts, claims, quarantined, free: Math.max(0, Math.min(byClaims, facts.measuredFree ?? byClaims)) }
}
