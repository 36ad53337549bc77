import { formatBytes } from '../core/index.ts'
import type { Bytes, EnginehouseError } from '../core/index.ts'

/** What the journal lost or could not do. It is history: none of this keeps the daemon from serving. */
export type JournalDamage =
  /** A crash during a write left an unfinished line, which was cut off. */
  | { readonly kind: 'torn_tail'; readonly segment: string; readonly bytes: Bytes }
  /** The readable part before the damage stays in the journal, the whole file lies at `setAside`. */
  | {
      readonly kind: 'damaged_segment'
      readonly segment: string
      readonly setAside: string
      readonly kept: number
      readonly lost: number
    }
  /** The segment is left as it is, and nothing is appended to it. */
  | { readonly kind: 'unreadable'; readonly segment: string; readonly why: string }
  /** Told once: from here on history is in memory only. */
  | { readonly kind: 'write_failed'; readonly error: EnginehouseError<'journal_write_failed'> }
  /** A segment past the limit could not be removed. */
  | { readonly kind: 'not_removed'; readonly segment: string; readonly why: string }
  /** A follower threw; it gets no more records. */
  | { readonly kind: 'follower_failed'; readonly why: string }

/** One sentence for the log. */
export function describeDamage(damage: JournalDamage): string {
  switch (damage.kind) {
    case 'torn_tail':
      return `The last write to ${damage.segment} was cut short: ${formatBytes(damage.bytes)} were taken off its end.`
    case 'damaged_segment':
      return `${damage.segment} is damaged: its first ${damage.kept} records were kept, ${damage.lost} lines were lost; the whole file is now ${damage.setAside}.`
    case 'unreadable':
      return `${damage.segment} cannot be read or mended: ${damage.why}.`
    case 'write_failed':
      return `${damage.error.message} ${damage.error.next}`
    case 'not_removed':
      return `The old segment ${damage.segment} cannot be removed: ${damage.why}.`
    case 'follower_failed':
      return `A reader of the journal failed and was dropped: ${damage.why}.`
    default:
      damage satisfies never
      return ''
  }
}
