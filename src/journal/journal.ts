import { EnginehouseError } from '../core/index.ts'
import type { JournalRecord, Sequence } from '../core/index.ts'
import { createRing } from '../lib/ring.ts'
import { systemReason } from '../lib/system-reason.ts'
import type { JournalDamage } from './damage.ts'
import { openHistory } from './history.ts'
import { JOURNAL_LIMITS } from './limits.ts'
import type { JournalLimits } from './limits.ts'
import { endsBefore, matches } from './query.ts'
import type { JournalQuery } from './query.ts'
import { createWriter } from './writer.ts'

export interface Journal {
  /** The position that the next record is to have; positions go on over restarts. */
  readonly nextSequence: Sequence
  /** Takes records in the order of their positions, shows them to followers and returns; the disk comes later. */
  append(records: readonly JournalRecord[]): void
  /** Settles when everything appended so far is on disk; rejects with journal_write_failed once a write has failed. */
  flush(): Promise<void>
  /** In the order of positions, from memory and disk. */
  query(query: JournalQuery): Promise<readonly JournalRecord[]>
  /** Calls back for each record from now on, in the turn of its append; the returned function ends it. */
  follow(callback: (record: JournalRecord) => void): () => void
  /** Flushes and closes; nothing may be appended after it. Rejects like flush. */
  close(): Promise<void>
}

export interface JournalOptions {
  /** `journal/` of the state directory; it is there. */
  readonly directory: string
  readonly onDamage: (damage: JournalDamage) => void
  readonly limits?: JournalLimits
}

/** Opens the journal whatever its files look like; what is wrong with them is told to `onDamage`. */
export async function openJournal({ directory, onDamage, limits = JOURNAL_LIMITS }: JournalOptions): Promise<Journal> {
  const history = await openHistory({ directory, limits, report: onDamage })
  const writer = createWriter({ directory, segment: history.segment, limits, report: onDamage })
  const tail = createRing<JournalRecord>({ items: limits.tail })
  const followers = new Set<(record: JournalRecord) => void>()
  /** True when there may be records on disk that are not in the tail. */
  let olderOnDisk = history.olderOnDisk || history.records.length > limits.tail
  let held = 0
  let nextSequence = history.nextSequence
  let closed = false

  const remember = (record: JournalRecord) => {
    tail.push(record)
    if (held < limits.tail) held += 1
    else olderOnDisk = true
  }
  for (const record of history.records.slice(-limits.tail)) remember(record)

  const show = (record: JournalRecord) => {
    for (const follower of followers) {
      try {
        follower(record)
      } catch (error) {
        followers.delete(follower)
        onDamage({ kind: 'follower_failed', why: systemReason(error) })
      }
    }
  }

  return {
    get nextSequence() {
      return nextSequence
    },

    append(records) {
      if (closed) throw new EnginehouseError('internal', { what: 'a record came after the journal was closed.' })
      writer.append(records)
      for (const record of records) {
        remember(record)
        nextSequence = Math.max(nextSequence, record.seq + 1)
        show(record)
      }
    },

    flush: () => writer.flush(),

    async query(query) {
      const inMemory = tail.items()
      const found = inMemory.filter((record) => matches(record, query))
      const oldest = inMemory[0]
      const limit = query.limit ?? Number.POSITIVE_INFINITY
      const enough = found.length >= limit || (oldest !== undefined && endsBefore(oldest, query))
      if (enough || !olderOnDisk) return lastOf(found, limit)
      const before = oldest?.seq ?? Number.POSITIVE_INFINITY
      const older = await history.readBack(query, { before, limit: limit - found.length })
      return lastOf([...older, ...found], limit)
    },

    follow(callback) {
      followers.add(callback)
      return () => {
        followers.delete(callback)
      }
    },

    async close() {
      closed = true
      followers.clear()
      await writer.close()
    },
  }
}

function lastOf(records: readonly JournalRecord[], limit: number): readonly JournalRecord[] {
  return records.length <= limit ? records : records.slice(records.length - limit)
}
