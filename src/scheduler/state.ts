import {
  launchKey,
  resourceDevice,
  variantsOf,
  type Claim,
  type DeviceFacts,
  type DeviceId,
  type ErrorCode,
  type Facts,
  type FailureClass,
  type InstanceId,
  type Instant,
  type LaunchKey,
  type LeaveReason,
  type Manifest,
  type Millis,
  type ModelName,
  type ModelSpec,
  type Need,
  type RequestId,
  type Sequence,
} from '../core/index.ts'

/**
 * All that the scheduler knows. Values are never changed in place: a step copies the maps and replaces entries, so an
 * older state stays what it was (a dry run is a step whose result is thrown away).
 */
export interface SchedulerState {
  /** The one in force. */
  readonly manifest: Manifest
  readonly models: ReadonlyMap<ModelName, ModelState>
  /** Every instance that is not gone; a stuck one stays, with the missing bytes as its claims. */
  readonly instances: ReadonlyMap<InstanceId, InstanceState>
  readonly devices: ReadonlyMap<DeviceId, DeviceFacts>
  /** In order of arrival. */
  readonly waiters: readonly Waiter[]
  /** Set by the first shutdown command: until then what runs may finish. */
  readonly shutdown: Instant | null
  /** When the loop was last asked to wake the scheduler. */
  readonly wakeAt: Instant | null
  /** Busy instances whose becoming idle would change a plan: the view sends `idle` for these alone. */
  readonly watched: ReadonlySet<InstanceId>
  /** What a load takes, by launch, also of launches that no manifest names now. */
  readonly learned: ReadonlyMap<LaunchKey, Millis>
}

export interface ModelState {
  readonly spec: ModelSpec
  /** Every way to run it, as `variantsOf` orders them. */
  readonly variants: readonly VariantState[]
  /** When starts of this model failed or its instance crashed, within the start window. */
  readonly failures: readonly Instant[]
  /** Fetches of its weights that failed in a row. */
  readonly fetchFailures: number
  /** Back-off: no start before this. */
  readonly notBefore: Instant | null
  /** Given up. */
  readonly failure: ModelFailure | null
  readonly pinned: { readonly until: Instant | null } | null
  /** Wanted although nobody waits: kept, pinned, to be preloaded, or asked for with `on-cold: fail`. */
  readonly standing: Standing | null
  readonly lastLoad: Millis | null
  readonly lastReason: LeaveReason | null
  /** What was last journaled about where it could go, so that the same answer is not written again. */
  readonly lastPlan: string | null
  /** The record that later ones about this model follow from. */
  readonly because: Sequence | null
}

export interface VariantState {
  readonly key: LaunchKey
  readonly spec: ModelSpec
  readonly weights: WeightsState
  /** It ran out of memory: passed over until then, as long as there is another way. */
  readonly shortUntil: Instant | null
}

/** `since` orders a standing want among the waiting requests. */
export interface Standing {
  readonly kind: 'kept' | 'once'
  readonly since: Instant
}

export type WeightsState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'fetching' }
  | { readonly kind: 'present'; readonly need: Need }
  /** They could not be had, and are not asked for again before `retryAt`. */
  | { readonly kind: 'failed'; readonly failure: ModelFailure & { readonly retryAt: Instant } }

export interface ModelFailure {
  readonly class: FailureClass
  readonly message: string
  readonly logTail: readonly string[]
  /** Null: an operator's load or a changed manifest clears it. */
  readonly retryAt: Instant | null
  /** What a request is answered with; model_failed unless the weights had an error of their own. */
  readonly answer: { readonly code: ErrorCode; readonly facts: Facts }
}

export interface InstanceState {
  readonly id: InstanceId
  readonly model: ModelName
  /** Of the way in which it was launched; a reload may have taken that way out of the manifest. */
  readonly key: LaunchKey
  readonly claims: readonly Claim[]
  /** `leaving` covers draining, stopping and releasing: to the ledger they are one, its claim still counts. */
  readonly phase: 'starting' | 'ready' | 'leaving' | 'failed' | 'stuck'
  readonly startedAt: Instant
  readonly readyAt: Instant | null
  readonly reason: LeaveReason | null
  readonly leavingSince: Instant | null
  readonly because: Sequence
}

export interface Waiter {
  readonly request: RequestId
  /** The one that it waits for: what was asked for, or a fallback. */
  readonly model: ModelName
  readonly asked: ModelName
  readonly at: Instant
  /** An operator's load takes no lease when it is answered. */
  readonly wants: 'lease' | 'load'
}

/** Before anything is known of devices or weights. `at`: now, for what the manifest wants from the start. */
export function initialState(
  manifest: Manifest,
  at: Instant,
  learned: ReadonlyMap<LaunchKey, Millis> = new Map(),
): SchedulerState {
  const models = new Map<ModelName, ModelState>()
  for (const spec of manifest.models.values()) models.set(spec.name, newModel(spec, manifest, at))
  return {
    manifest,
    models,
    instances: new Map(),
    devices: new Map(resourcesOf(manifest, at).map((resource) => [resource.id, resource])),
    waiters: [],
    shutdown: null,
    wakeAt: null,
    watched: new Set(),
    learned,
  }
}

export function newModel(spec: ModelSpec, manifest: Manifest, at: Instant): ModelState {
  return {
    spec,
    variants: newVariants(spec, manifest),
    failures: [],
    fetchFailures: 0,
    notBefore: null,
    failure: null,
    pinned: null,
    standing: standingOf(spec, at),
    lastLoad: null,
    lastReason: null,
    lastPlan: null,
    because: null,
  }
}

export function newVariants(model: ModelSpec, manifest: Manifest): readonly VariantState[] {
  return variantsOf(model).map((spec) => ({
    key: launchKey(spec, manifest.engines),
    spec,
    weights: { kind: 'unknown' },
    shortUntil: null,
  }))
}

/** What the manifest names and counts, as devices: nothing measures them, so our claims are all there is to know. */
export function resourcesOf(manifest: Manifest, at: Instant): readonly DeviceFacts[] {
  return Object.entries(manifest.memory.resources).map(([name, total]) => ({
    id: resourceDevice(name),
    kind: 'resource',
    index: 0,
    name,
    total,
    reserve: 0,
    measuredFree: null,
    measuredAt: at,
  }))
}

export function standingOf(spec: ModelSpec, at: Instant): Standing | null {
  switch (spec.keep) {
    case 'always':
      return { kind: 'kept', since: at }
    case 'preload':
      return { kind: 'once', since: at }
    case 'auto':
      return null
    default:
      return spec.keep satisfies never
  }
}

/** Never unloaded for being idle and never evicted. */
export function isKept(model: ModelState): boolean {
  return model.pinned !== null || model.spec.keep === 'always'
}

/** The one living instance of a model; stuck ones do not count, as they serve nobody and never will. */
export function instanceOf(state: Pick<SchedulerState, 'instances'>, model: ModelName): InstanceState | undefined {
  for (const instance of state.instances.values()) {
    if (instance.model === model && instance.phase !== 'stuck') return instance
  }
  return undefined
}
