import type {
  Claim,
  DeviceFacts,
  DeviceId,
  ErrorCode,
  Facts,
  FailureClass,
  InstanceId,
  Instant,
  LeaveReason,
  Manifest,
  Millis,
  ModelName,
  ModelSpec,
  Need,
  RequestId,
  Sequence,
} from '../core/index.ts'

/**
 * All that the scheduler knows. Values are never changed in place: a step copies the maps and replaces entries, so an
 * older state stays what it was (a dry run is a step whose result is thrown away).
 */
export interface SchedulerState {
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
}

export interface ModelState {
  readonly spec: ModelSpec
  readonly weights: WeightsState
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

/** `since` orders a standing want among the waiting requests. */
export interface Standing {
  readonly kind: 'kept' | 'once'
  readonly since: Instant
}

export type WeightsState =
  | { readonly kind: 'unknown' }
  | { readonly kind: 'fetching' }
  | { readonly kind: 'present'; readonly need: Need }

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
  readonly model: ModelName
  readonly at: Instant
  /** An operator's load takes no lease when it is answered. */
  readonly wants: 'lease' | 'load'
}

/** Before anything is known of devices or weights. `at`: now, for what the manifest wants from the start. */
export function initialState(manifest: Manifest, at: Instant): SchedulerState {
  const models = new Map<ModelName, ModelState>()
  for (const spec of manifest.models.values()) models.set(spec.name, newModel(spec, at))
  return {
    models,
    instances: new Map(),
    devices: new Map(),
    waiters: [],
    shutdown: null,
    wakeAt: null,
    watched: new Set(),
  }
}

function newModel(spec: ModelSpec, at: Instant): ModelState {
  return {
    spec,
    weights: { kind: 'unknown' },
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

function standingOf(spec: ModelSpec, at: Instant): Standing | null {
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
