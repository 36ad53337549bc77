import type { Bytes, JournalRecord, Sequence } from '../core/index.ts'
import { systemCode, systemReason } from '../lib/system-reason.ts'
import type { JournalDamage } from './damage.ts'
import type { JournalLimits } from './limits.ts'
import { mendSegment } from './mend.ts'
import { endsBefore, matches } from './query.ts'
import type { JournalQuery } from './query.ts'
import { listSegments, scanSegment, segmentPath } from './segment.ts'
import type { SegmentScan } from './segment.ts'

/** What the segments on disk say. */
export interface History {
  /** Enough of the latest records to fill the tail. */
  readonly records: readonly JournalRecord[]
  readonly nextSequence: Sequence
  readonly olderOnDisk: boolean
  /** Where the writer goes on. */
  readonly segment: { readonly number: number; readonly size: Bytes }
  /** Records on disk with a position under `before` that match, in order: the last `limit` of them, or more. */
  readBack(
    query: JournalQuery,
    bounds: { readonly before: Sequence; readonly limit: number },
  ): Promise<readonly JournalRecord[]>
}

interface HistoryOptions {
  readonly directory: string
  readonly limits: JournalLimits
  readonly report: (damage: JournalDamage) => void
}

/** Reads segments from the newest back until the tail is full; older ones are proved when they are first read. */
export async function openHistory({ directory, limits, report }: HistoryOptions): Promise<History> {
  const numbers = await segmentNumbers(directory, report)
  const newest = numbers.at(-1)
  const scans: SegmentScan[] = []
  let records = 0
  let segment = { number: newest ?? 1, size: 0 }
  for (const number of numbers.toReversed()) {
    if (records >= limits.tail) break
    const { scan, usable } = await proveSegment(segmentPath(directory, number), report)
    if (number === newest) {
      segment = usable ? { number, size: scan?.goodBytes ?? 0 } : { number: number + 1, size: 0 }
    }
    if (scan === null) continue
    scans.unshift(scan)
    records += scan.records.length
  }

  /** One reader at a time: two of them could mend the same segment. */
  let reading: Promise<unknown> = Promise.resolve()

  const readBack: History['readBack'] = async (query, { before, limit }) => {
    let found: JournalRecord[] = []
    const current = await segmentNumbers(directory, report)
    for (const number of current.toReversed()) {
      if (found.length >= limit) break
      const path = segmentPath(directory, number)
      // The newest is being written: an unfinished line at its end is no damage.
      const scan = number === current.at(-1) ? await readSegment(path, report) : (await proveSegment(path, report)).scan
      if (scan === null) continue
      found = [...scan.records.filter((record) => record.seq < before && matches(record, query)), ...found]
      const first = scan.records[0]
      if (first !== undefined && endsBefore(first, query)) break
    }
    return found
  }

  return {
    records: scans.flatMap((scan) => scan.records),
    nextSequence: nextSequenceAfter(scans),
    olderOnDisk: scans.length < numbers.length,
    segment,
    readBack(query, bounds) {
      const result = reading.then(() => readBack(query, bounds))
      reading = result.catch(() => undefined)
      return result
    },
  }
}

/** Numbers of lost lines count: nobody may see one number on two records. */
function nextSequenceAfter(scans: readonly SegmentScan[]): Sequence {
  let last = 0
  for (const scan of scans) last = Math.max(last, scan.lastSequence ?? last + scan.lost)
  return last + 1
}

async function segmentNumbers(directory: string, report: (damage: JournalDamage) => void): Promise<readonly number[]> {
  try {
    return await listSegments(directory)
  } catch (error) {
    report({ kind: 'unreadable', segment: directory, why: systemReason(error) })
    return []
  }
}

/** Reads a segment and mends it where it is damaged. `usable`: the file holds exactly the good records now. */
async function proveSegment(
  path: string,
  report: (damage: JournalDamage) => void,
): Promise<{ scan: SegmentScan | null; usable: boolean }> {
  const scan = await readSegment(path, report)
  if (scan === null || scan.lost === 0) return { scan, usable: scan !== null }
  const damage = await mendSegment(path, scan)
  report(damage)
  return { scan, usable: damage.kind !== 'unreadable' }
}

async function readSegment(path: string, report: (damage: JournalDamage) => void): Promise<SegmentScan | null> {
  try {
    return await scanSegment(path)
  } catch (error) {
    // Removed by a rotation while it was on its way.
    if (systemCode(error) !== 'ENOENT') report({ kind: 'unreadable', segment: path, why: systemReason(error) })
    return null
  }
}
