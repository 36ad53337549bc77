import type { Address } from './address.ts'
import type { Claim, DeviceFacts } from './devices.ts'
import type { ErrorCode, Facts } from './errors.ts'
import type { DeviceId, InstanceId, ModelName } from './ids.ts'
import type { ModelSpec, StopSignal } from './manifest.ts'
import type { JournalRecord } from './records.ts'
import type { Bytes, Instant, Millis, Tokens } from './units.ts'
import type { LaunchKey } from './variants.ts'

/*
 * The five ports: everything that the scheduler, the supervisor and an instance know of the world outside.
 * The simulation implements the same five, and nothing else is faked.
 */

/** Time and chance. */
export interface Clock {
  now(): Instant
  /** Runs `callback` once after `delay`; the returned function cancels it. */
  after(delay: Millis, callback: () => void): () => void
  /** In [0, 1). */
  random(): number
  /** 128 bits as 32 hex digits: nonces and engine keys. */
  token(): string
}

// ---- Processes ------------------------------------------------------------------------------------------------

export interface Processes {
  /** Names this boot of the host: a pid means nothing beyond it. */
  readonly bootId: string
  /**
   * Starts the engine in its own session with exactly this environment, output into files.
   * Rejects only when the process could not be made; whatever happens later is in `exited`.
   */
  spawn(order: SpawnOrder): Promise<EngineProcess>
  /** One GET. Never rejects: what cannot be reached is a reply of its own. */
  probe(address: Address, path: string, options: ProbeOptions): Promise<ProbeReply>
  /** Whose process listens at `address`: proven by the socket's inode among the instance's processes. */
  ownerOf(address: Address, identity: ProcessIdentity): Promise<'ours' | 'foreign' | 'nobody' | 'unknown'>
  /** A loopback port outside the kernel's ephemeral range that nobody listens on and that we gave to nobody else. */
  freePort(): Promise<number>
  /**
   * Every living process (zombies are dead) that is proven to be of this launch: by session, by descent, by nonce.
   * `unproven` counts those that look related and cannot be proved; they are never signalled.
   */
  members(identity: ProcessIdentity): Promise<{ readonly proven: readonly ProcessRef[]; readonly unproven: number }>
  /**
   * Figures that grow for as long as these processes load something. Null where they cannot be had. A start that moves
   * no other way is not stalled while they grow.
   */
  activity(identity: ProcessIdentity): Promise<Activity | null>
  /** Segments of shared memory that they map or hold now: what a KILL of all of them at once leaves behind. */
  sharedMemory(identity: ProcessIdentity): Promise<readonly SharedSegment[]>
  /** Removes those of them that no process maps or holds any more. Never rejects: what is left costs memory only. */
  freeSharedMemory(segments: readonly SharedSegment[]): Promise<void>
  /** Signals a process after proving again that pid and start time still name it; false when it is gone. */
  signal(process: ProcessRef, signal: EngineSignal): boolean
}

/** Of all processes together: the one grows while weights are mapped or built, the other while they are read. */
export interface Activity {
  readonly resident: Bytes
  /** By system calls, from disk or cache. */
  readonly read: Bytes
}

export type EngineSignal = StopSignal | 'SIGCONT' | 'SIGKILL'

export interface SpawnOrder {
  readonly argv: readonly string[]
  /** Complete; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** The instance's own 0700 directory; output goes to `log` in it. */
  readonly directory: string
  /** Name of a file; `engine.log` where it is left out. One process follows and cuts it, so no two share one. */
  readonly log?: string
  /** Random, in the environment of the engine, on disk before the spawn. */
  readonly nonce: string
  /** Stale sockets of an earlier try, removed first. */
  readonly unlink: readonly string[]
}

/** Names a process for good: pid and start time within one boot. */
export interface ProcessRef {
  readonly pid: number
  /** Clock ticks since boot, field 22 of /proc/PID/stat; a string, as it is only compared. */
  readonly startTime: string
}

/** A file of /dev/shm, of which a later one may have the name. */
export interface SharedSegment {
  readonly path: string
  /** Only compared. */
  readonly inode: string
}

/** What proves that a process belongs to a launch. */
export interface ProcessIdentity {
  readonly nonce: string
  readonly bootId: string
  /** Null when the daemon died between the intent and the spawn. */
  readonly leader: ProcessRef | null
}

export interface EngineProcess {
  readonly identity: ProcessIdentity
  /** Settles once, when the leader has ended. */
  readonly exited: Promise<ProcessExit>
  /** Calls back for each line of output until `exited` has settled and the file is read to its end. */
  onLine(callback: (line: string) => void): void
  /** The last lines, oldest first, at most 100. */
  tail(): readonly string[]
  /** Settles when the output that stood in the file at the exit has been given to `onLine`. */
  readonly drained: Promise<void>
}

export interface ProcessExit {
  readonly code: number | null
  readonly signal: string | null
}

export interface ProbeOptions {
  /** Sent as a bearer token; null sends none. */
  readonly key: string | null
  readonly timeout: Millis
}

export type ProbeReply =
  | { readonly kind: 'answer'; readonly status: number; readonly body: string }
  | { readonly kind: 'refused' }
  | { readonly kind: 'timeout' }
  | { readonly kind: 'broken'; readonly why: string }

// ---- Gpus -----------------------------------------------------------------------------------------------------

export interface Gpus {
  /** The latest facts of every device, `host` among them. Answers from memory. */
  facts(): readonly DeviceFacts[]
  /** Calls back when a device's facts changed enough to plan again. */
  onChange(callback: () => void): void
  /** Settles when the bytes of these claims are measured back, or tells what is missing once the wait is over. */
  proveReleased(claims: readonly Claim[]): Promise<ReleaseProof>
}

export type ReleaseProof =
  | { readonly kind: 'released' }
  | { readonly kind: 'missing'; readonly missing: readonly { device: DeviceId; bytes: Bytes }[]; readonly why: string }

// ---- Records --------------------------------------------------------------------------------------------------

/** run/ (the truth for what we started) and the journal (history). */
export interface Records {
  /** Makes the instance's 0700 directory and returns its absolute path. */
  makeDirectory(instance: InstanceId): Promise<string>
  /** Durable (file and directory synced) when it resolves. */
  writeLaunch(record: LaunchRecord): Promise<void>
  /** Removes the instance's directory. Its log is kept where `keepLog` says. */
  removeLaunch(instance: InstanceId): Promise<void>
  /** What an earlier daemon left; a record that cannot be read is set aside and reported as null. */
  readLaunches(): Promise<readonly LaunchRecord[]>
  /** What loads took, by launch key; returns at once, and the last one given is kept. */
  writeLearned(loads: ReadonlyMap<LaunchKey, Millis>): void
  /** Appends in order; returns at once. */
  append(records: readonly JournalRecord[]): void
}

/** On disk before the spawn, and again with the leader once there is one. */
export interface LaunchRecord {
  readonly instance: InstanceId
  readonly model: ModelName
  readonly identity: ProcessIdentity
  readonly claims: readonly Claim[]
  readonly startedAt: Instant
  readonly argv: readonly string[]
  /** How it is ended, and where its stop command is run; left out by earlier versions. */
  readonly end?: { readonly stop: StopPlan; readonly cwd: string }
  /** What it held of shared memory when it became ready. */
  readonly sharedMemory?: readonly SharedSegment[]
}

/** The engine's part of the stop ladder; the rungs themselves are the same for all. */
export interface StopPlan {
  /**
   * Run before the signal, for no longer than the grace, also for an engine that ended by itself: what it started
   * elsewhere (a container) may live on. Nothing where it is left out.
   */
  readonly command?: readonly string[]
  readonly signal: StopSignal
  /** The signal is sent again this long after the first; null: once. */
  readonly repeatAfter: Millis | null
  /** From the first signal to KILL. */
  readonly grace: Millis
}

// ---- Weights --------------------------------------------------------------------------------------------------

export interface Weights {
  /**
   * Makes the weights of a model present and verified; one fetch however many ask.
   * Never rejects: what went wrong is a result.
   */
  ensure(model: ModelSpec): Promise<WeightsResult>
  /** Bytes so far of a fetch that is under way for the model; null where there is none. */
  fetched(model: ModelName): Bytes | null
}

export type WeightsResult =
  /** `weights` is null for a model without a source. */
  | { readonly kind: 'present'; readonly weights: WeightsFacts | null }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly facts: Facts }

/** What a launch needs to know of a verified weight set. */
export interface WeightsFacts {
  /** Absolute; the file that the engine is given. */
  readonly path: string
  readonly bytes: Bytes
  /** `general.architecture` of a GGUF file; null for other formats. */
  readonly architecture: string | null
  /** Context that the model was trained for, in tokens. */
  readonly trainedContext: Tokens | null
}
