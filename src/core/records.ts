import type { Claim, ClaimOrigin, DeviceFacts, EngineFigures } from './devices.ts'
import type { ErrorCode, Facts } from './errors.ts'
import type { DeviceId, InstanceId, ModelName, RequestId, Sequence } from './ids.ts'
import type { FailureClass, LeaveReason } from './phases.ts'
import type { ManifestDiff } from './manifest-diff.ts'
import type { OperatorCommand, ReloadTrigger } from './scheduling.ts'
import type { Bytes, Instant, Millis } from './units.ts'

/**
 * One line of the journal. `cause` names the records that led to this one; evidence is data, and words are made when
 * it is shown: `explain` knows nothing but what stands here.
 */
export type JournalRecord = {
  readonly [K in RecordKind]: {
    readonly seq: Sequence
    readonly at: Instant
    readonly kind: K
    readonly model?: ModelName
    readonly instance?: InstanceId
    readonly device?: DeviceId
    readonly cause: readonly Sequence[]
    readonly evidence: Evidence[K]
  }
}[RecordKind]

export type RecordKind = keyof Evidence

/** What each kind of record carries. Fields grow, none is renamed. */
export interface Evidence {
  daemon_started: { version: string; manifest: string | null; models: number }
  /** `stuck`: instances that did not end, or whose memory did not come back. */
  daemon_stopped: { deadline: Instant; stuck: number }
  devices: { devices: readonly DeviceFacts[] }
  operator: { command: OperatorCommand }
  /** A manifest took the place of another. Names of keys only: values may be secret. */
  manifest: ManifestDiff & { path: string | null; trigger: ReloadTrigger }
  /** A manifest was refused, and nothing changed. `problem`: the first, in words. */
  manifest_refused: { path: string; trigger: ReloadTrigger; problems: number; problem: string }
  /** A request goes to the fallback of the model that it asked for, for the reason that it would have been told. */
  fell_back: { request: RequestId; to: ModelName; code: ErrorCode; facts: Facts }
  /** What stuck instances held was given up by an operator. */
  cleared: { claims: readonly Claim[] }
  /** A request met a model that is not ready. `waiting`: how many wait for it, this one included. */
  wanted: { request: RequestId; waiting: number }
  gave_up: { request: RequestId; waited: Millis }
  /** `variant`: place among the ways to run the model; 0, or absent in older records, is its own. */
  fetch: { variant?: number }
  weights:
    | { status: 'present'; variant?: number; perGpu: Bytes | 'all' | null; host: Bytes; origin: ClaimOrigin }
    | { status: 'failed'; variant?: number; code: ErrorCode; message: string }
  /** The placement that was chosen or waited for, and each that was weighed. */
  planned: PlanEvidence
  started: { claims: readonly Claim[]; attempt: number; variant?: number }
  /** `engine`: what it says of its memory; left out where it says nothing. */
  ready: { loadTime: Millis; engine?: EngineFigures }
  stopping: { reason: LeaveReason; why: StopEvidence; leases: number }
  crashed: {
    class: FailureClass
    message: string
    code: number | null
    signal: string | null
    during: 'starting' | 'ready' | 'draining'
    lost: number
    attempt: number
    retryAt: Instant | null
    logTail: readonly string[]
  }
  /** No further start until `retryAt`, an operator's load or a changed manifest. */
  model_failed: { class: FailureClass; message: string; attempts: number; window: Millis; retryAt: Instant | null }
  released: { reason: LeaveReason; claims: readonly Claim[]; took: Millis }
  stuck: { missing: readonly { device: DeviceId; bytes: Bytes }[]; why: string }
  answered:
    | { request: RequestId; outcome: 'ready' }
    | { request: RequestId; outcome: 'refused'; code: ErrorCode; facts: Facts }
  /** A result that came after its instance was gone, or twice: recorded and dropped. */
  late: { input: string }
  /** An engine of an earlier daemon was found in run/ at start. */
  leftover: { pid: number | null; processes: number; action: 'stopped' | 'none_left' | 'not_proven_ours' | 'survived' }
}

export interface PlanEvidence {
  readonly action: 'start' | 'evict' | 'wait' | 'refuse'
  readonly candidates: readonly CandidateEvidence[]
  /** Index in `candidates`; null when none can ever do. */
  readonly chosen: number | null
}

/** One placement that was weighed. */
export interface CandidateEvidence {
  /** The way to run the model that would be placed so; 0 or absent is its own. */
  readonly variant?: number
  readonly devices: readonly DeviceBudget[]
  /** Who would have to leave, in order, with what each gives back and why it was chosen among the idle. */
  readonly evict: readonly { model: ModelName; instance: InstanceId; bytes: Bytes; idleFor: Millis; priority: string }[]
  /** Residents that were not taken, and the rule that kept them. */
  readonly spared: readonly {
    model: ModelName
    instance: InstanceId
    bytes: Bytes
    rule: SpareRule
    until: Instant | null
  }[]
  readonly verdict: 'fits' | 'fits_after_eviction' | 'waits_for_release' | 'waits_for_idle' | 'never_fits'
}

/** One device's arithmetic: free = min(total - reserve - claimed, measured free - claims not yet visible). */
export interface DeviceBudget {
  readonly device: DeviceId
  readonly needed: Bytes
  readonly total: Bytes
  readonly reserve: Bytes
  readonly claimed: Bytes
  /** Promised to models that wait longer. */
  readonly promised: Bytes
  readonly measuredFree: Bytes | null
  readonly free: Bytes
}

export type SpareRule = 'pinned' | 'busy' | 'minimum_residency' | 'leaving' | 'starting' | 'not_needed'

export type StopEvidence =
  | { readonly rule: 'ttl'; readonly ttl: Millis; readonly lastByteAt: Instant }
  /** `starved`: it was busy, but the other model had waited past the limit. */
  | {
      readonly rule: 'eviction'
      readonly for: ModelName
      readonly bytes: Bytes
      readonly idleFor: Millis
      readonly starved: boolean
    }
  | { readonly rule: 'operator' }
  | { readonly rule: 'manifest'; readonly removed: boolean }
  | { readonly rule: 'shutdown'; readonly deadline: Instant }
