import { readFile, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'
import type { Bytes, JournalRecord, Sequence } from '../core/index.ts'
import { parseLine } from './line.ts'

/** Parsed between two turns of the event loop: requests are served by the same thread. */
const SLICE: Bytes = 128 * 1024
const LINE_FEED = 0x0a

export interface SegmentScan {
  /** All records before the first damaged line, in order. */
  readonly records: readonly JournalRecord[]
  /** What they take of the file. */
  readonly goodBytes: Bytes
  readonly size: Bytes
  /** Damaged lines, and lines after one. */
  readonly lost: number
  /** True when nothing is wrong but an unfinished last line: what a crash during a write leaves. */
  readonly torn: boolean
  /**
   * The highest position that any line can have had, those that are lost included: their numbers were seen by
   * followers and are not given twice. Null for a segment without a readable line.
   */
  readonly lastSequence: Sequence | null
}

export function segmentPath(directory: string, number: number): string {
  return join(directory, `${String(number).padStart(6, '0')}.ndjson`)
}

/** Numbers of the segments in a journal's directory, the oldest first. */
export async function listSegments(directory: string): Promise<readonly number[]> {
  const numbers: number[] = []
  for (const name of await readdir(directory)) {
    const digits = /^(\d{6,12})\.ndjson$/.exec(name)?.[1]
    if (digits !== undefined) numbers.push(Number(digits))
  }
  return numbers.toSorted((a, b) => a - b)
}

/** Rejects with the file system's error. */
export async function scanSegment(path: string): Promise<SegmentScan> {
  const content = await readFile(path)
  const records: JournalRecord[] = []
  let goodBytes = 0
  let lost = 0
  let torn = false
  let lastSequence: Sequence | null = null
  let lostSince = 0
  let slice = 0
  for (let from = 0; from < content.length;) {
    const end = content.indexOf(LINE_FEED, from)
    const record = end < 0 ? null : parseLine(content.subarray(from, end))
    const next = end < 0 ? content.length : end + 1
    if (record === null) {
      torn = lost === 0 && end < 0
      lost += 1
      lostSince += 1
    } else {
      lastSequence = Math.max(lastSequence ?? 0, record.seq)
      lostSince = 0
      if (lost === 0) {
        records.push(record)
        goodBytes = next
      } else {
        lost += 1
      }
    }
    slice += next - from
    from = next
    if (slice >= SLICE) {
      slice = 0
      await setImmediate()
    }
  }
  return {
    records,
    goodBytes,
    size: content.length,
    lost,
    torn,
    lastSequence: lastSequence === null ? null : lastSequence + lostSince,
  }
}
