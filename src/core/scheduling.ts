import type { DeviceFacts, EngineFigures, Launch, Need } from './devices.ts'
import type { ErrorCode, Facts } from './errors.ts'
import type { DeviceId, InstanceId, ModelName, RequestId, Sequence } from './ids.ts'
import type { ManifestDiff } from './manifest-diff.ts'
import type { Manifest, ModelSpec } from './manifest.ts'
import type { FailureClass, LeaveReason } from './phases.ts'
import type { Bytes, Instant } from './units.ts'
import type { LaunchKey } from './variants.ts'

/** What the view knows of an instance's use, read in the turn that may take it down. */
export interface Usage {
  readonly leases: number
  /** Requests that wait for one of its concurrency slots. */
  readonly waiting: number
  /** Requests that the engine broke off within the last moments: an exit shows there before it is seen itself. */
  readonly broken: number
  /** When the last byte of the last answer left, or when it became ready. */
  readonly lastByteAt: Instant
}

/** Stamped on every input by the loop. `random` is in [0, 1): the only chance that the scheduler knows. */
export interface Stamp {
  /** The first journal position that this step's records may take. */
  readonly seq: Sequence
  readonly at: Instant
  readonly random: number
  readonly usage: ReadonlyMap<InstanceId, Usage>
}

/** To the scheduler: edges, never samples. */
export type Input =
  | {
      readonly kind: 'wanted'
      readonly model: ModelName
      readonly request: RequestId
      readonly onCold: 'wait' | 'fail'
    }
  | { readonly kind: 'gave_up'; readonly request: RequestId }
  | { readonly kind: 'ready'; readonly instance: InstanceId; readonly figures?: EngineFigures }
  | {
      readonly kind: 'exited'
      readonly instance: InstanceId
      readonly class: FailureClass
      readonly detail: ExitDetail
    }
  /** Its memory is proven back (not: a lease ended). */
  | { readonly kind: 'released'; readonly instance: InstanceId }
  | {
      readonly kind: 'stuck'
      readonly instance: InstanceId
      readonly missing: readonly { device: DeviceId; bytes: Bytes }[]
      readonly why: string
    }
  /** Its last lease ended; sent only for instances that the scheduler watches. */
  | { readonly kind: 'idle'; readonly instance: InstanceId }
  | {
      readonly kind: 'weights'
      readonly model: ModelName
      /** Of the launch that they are for. */
      readonly key: LaunchKey
      readonly status: WeightsStatus
    }
  | { readonly kind: 'devices'; readonly facts: readonly DeviceFacts[] }
  /** A manifest that was read and found right. `diff`: from the one in force. */
  | {
      readonly kind: 'manifest'
      readonly next: Manifest
      readonly diff: ManifestDiff
      readonly trigger: ReloadTrigger
    }
  | { readonly kind: 'operator'; readonly command: OperatorCommand }
  | { readonly kind: 'woke' }

export type ReloadTrigger = 'signal' | 'file' | 'operator'

export type WeightsStatus =
  | { readonly kind: 'present'; readonly need: Need }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly facts: Facts; readonly message: string }

export interface ExitDetail {
  readonly message: string
  readonly code: number | null
  readonly signal: string | null
  readonly logTail: readonly string[]
}

export type OperatorCommand =
  | { readonly kind: 'load'; readonly model: ModelName; readonly request: RequestId }
  | { readonly kind: 'unload'; readonly model: ModelName }
  /** Takes the instance down and loads the model again, as it is in the manifest now. */
  | { readonly kind: 'restart'; readonly model: ModelName; readonly request: RequestId }
  | { readonly kind: 'unload_all' }
  | { readonly kind: 'pin'; readonly model: ModelName; readonly until: Instant | null }
  | { readonly kind: 'unpin'; readonly model: ModelName }
  /** Gives up what stuck instances hold of a device: somebody looked, and the memory is there. */
  | { readonly kind: 'clear'; readonly device: DeviceId }
  /** `deadline`: until then running and waiting requests may finish; a second one with an earlier deadline hurries. */
  | { readonly kind: 'shutdown'; readonly deadline: Instant }

/** What the loop carries out, in order. */
export type Effect =
  | { readonly kind: 'fetch'; readonly model: ModelName; readonly spec: ModelSpec; readonly key: LaunchKey }
  | { readonly kind: 'start'; readonly launch: Launch }
  | { readonly kind: 'stop'; readonly instance: InstanceId; readonly reason: LeaveReason; readonly drain: Drain }
  | { readonly kind: 'answer'; readonly request: RequestId; readonly outcome: AnswerOutcome }
  /** At most one is in force; a later one replaces it. Null: nothing to wake for. */
  | { readonly kind: 'wake_at'; readonly at: Instant | null }

/** How long in-flight requests may go on once the instance is draining. */
export type Drain = { readonly kind: 'finish' } | { readonly kind: 'until'; readonly at: Instant }

export type AnswerOutcome =
  | { readonly kind: 'ready'; readonly instance: InstanceId }
  | { readonly kind: 'refused'; readonly code: ErrorCode; readonly facts: Facts }
