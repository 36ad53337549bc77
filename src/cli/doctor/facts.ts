import type { Foresight, HostSize } from '../../app/foresee.ts'
import type { Bytes, Instant, ListenAddress, ModelSpec } from '../../core/index.ts'
import type { LaunchesLeft, LockState } from '../../journal/index.ts'

/** What was found out about this host. Null is "could not be told", never nothing. */
export interface Facts {
  readonly program: ProgramFacts
  readonly clock: ClockFacts
  readonly limits: LimitFacts
  readonly memory: MemoryFacts
  readonly gpu: GpuFacts
  readonly state: StateFacts
  readonly hub: HubFacts
  readonly manifest: ManifestFacts
  readonly daemon: DaemonFacts
}

export interface ProgramFacts {
  readonly version: string
  readonly node: string
  /** The oldest Node that is enough: `20.19`. */
  readonly nodeNeeded: string
  readonly platform: string
  readonly arch: string
  readonly procfs: boolean
}

export interface ClockFacts {
  readonly now: Instant
  /** When this program's files were written. */
  readonly programAt: Instant | null
  /** The newest of what the daemon and the operator wrote. */
  readonly newest: { readonly path: string; readonly at: Instant } | null
}

export interface LimitFacts {
  /** Files that a process may have open, the soft limit; infinite where there is none. */
  readonly openFiles: number | null
  /** Size of /dev/shm. */
  readonly sharedMemory: Bytes | null
}

export interface MemoryFacts extends HostSize {
  /** What engines may use of this machine: less than `machine` in a control group with a limit. */
  readonly total: Bytes
  readonly machine: Bytes
}

export type GpuFacts =
  | { readonly kind: 'none' }
  | { readonly kind: 'found'; readonly driver: string; readonly names: readonly string[]; readonly used: boolean }
  | { readonly kind: 'broken'; readonly why: string; readonly used: boolean }

export interface StateFacts {
  readonly path: string
  readonly directory:
    | { readonly kind: 'absent'; readonly parent: string; readonly parentWritable: boolean }
    | { readonly kind: 'present'; readonly mode: number; readonly owner: number; readonly writable: boolean }
    | { readonly kind: 'other'; readonly why: string }
  readonly user: number | null
  readonly disk: DiskFacts | null
  readonly lock: LockState
  readonly adminSocket: string
}

export interface DiskFacts {
  readonly free: Bytes
  /** As the kernel numbers kinds of file systems. */
  readonly type: number
}

export interface HubFacts {
  readonly path: string
  readonly kind: 'directory' | 'absent' | 'other'
  readonly free: Bytes | null
}

export type ManifestFacts =
  | { readonly kind: 'absent'; readonly looked: readonly string[] }
  | { readonly kind: 'unreadable'; readonly path: string; readonly why: string }
  | { readonly kind: 'invalid'; readonly path: string; readonly problems: number; readonly first: string }
  | GoodManifestFacts

export interface GoodManifestFacts {
  readonly kind: 'good'
  readonly path: string
  readonly models: readonly ModelSpec[]
  readonly foresight: readonly Foresight[]
  readonly engines: readonly EngineFacts[]
  readonly listen: { readonly address: ListenAddress; readonly shown: string; readonly state: ListenState }
  /** First words of commands that are found nowhere, with who names them. */
  readonly programsMissing: readonly { readonly model: string; readonly program: string }[]
}

/** `foreign`: somebody answers there who is no daemon of ours. */
export type ListenState = 'free' | 'ours' | 'taken' | { readonly refused: string }

export interface EngineFacts {
  readonly name: string
  readonly models: number
  readonly installable: boolean
  /** How a person gets it, where this program has more to say than PATH. */
  readonly byHand: string | null
  readonly path: string | null
  readonly version: string | null
}

export type DaemonFacts =
  | { readonly kind: 'none'; readonly leftovers: LaunchesLeft }
  /** It holds the lock, and its socket does not answer. */
  | { readonly kind: 'silent'; readonly pid: number; readonly why: string }
  | {
      readonly kind: 'running'
      readonly pid: number
      readonly version: string
      /** Where clients reach it; null until it listens. */
      readonly listen: string | null
      readonly manifest: string | null
      readonly startedAt: Instant
      /** What became of its manifest's file since it was read; null where that cannot be told. */
      readonly file: 'in_force' | 'changed' | 'gone' | { readonly refused: string } | null
      readonly leftovers: LaunchesLeft
    }
