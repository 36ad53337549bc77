import type { Instant, JournalRecord } from '../core/index.ts'

/** What one kind of subject adds to the whole. */
export interface Finding {
  readonly at: Instant | null
  readonly summary: string
  /** The records to be shown; what caused them is added. */
  readonly used: readonly JournalRecord[]
  readonly advice: readonly string[]
}
