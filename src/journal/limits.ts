import { MIB } from '../core/index.ts'
import type { Bytes } from '../core/index.ts'

export interface JournalLimits {
  /** A segment that has reached this size is closed and the next one begun. */
  readonly segmentBytes: Bytes
  /** Segments on disk, the one being written included; the oldest go. */
  readonly segments: number
  /** Latest records in memory: they answer nearly all questions without the disk. */
  readonly tail: number
  /** Records that may wait for a slow disk; one more counts as a failed write. */
  readonly pending: number
}

/** Together 64 MiB of disk: months of a busy host, as only what changes scheduling is written. */
export const JOURNAL_LIMITS: JournalLimits = Object.freeze({
  segmentBytes: 8 * MIB,
  segments: 8,
  tail: 10_000,
  pending: 10_000,
})
