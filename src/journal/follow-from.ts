import type { JournalRecord } from '../core/index.ts'
import type { Journal } from './journal.ts'
import { matches } from './query.ts'
import type { JournalQuery } from './query.ts'

/**
 * History and then the present, each record once and in order: `query.after` is what a client has seen already.
 * Resolves when history has been given; live records go on until the signal aborts.
 */
export async function followFrom(
  journal: Pick<Journal, 'query' | 'follow'>,
  query: JournalQuery,
  callback: (record: JournalRecord) => void,
  signal: AbortSignal,
): Promise<void> {
  if (signal.aborted) return
  let waiting: JournalRecord[] | null = []
  const stop = journal.follow((record) => {
    if (!matches(record, query)) return
    if (waiting) waiting.push(record)
    else callback(record)
  })
  signal.addEventListener('abort', stop, { once: true })
  let last = -1
  const give = (record: JournalRecord) => {
    if (signal.aborted || record.seq <= last) return
    last = record.seq
    callback(record)
  }
  try {
    for (const record of await journal.query(query)) give(record)
  } catch (error) {
    stop()
    signal.removeEventListener('abort', stop)
    throw error
  }
  // What came during the query may have been in its answer too.
  for (const record of waiting) give(record)
  waiting = null
}
