import { open, rm } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import { EnginehouseError } from '../core/index.ts'
import type { Bytes, JournalRecord } from '../core/index.ts'
import { syncPath } from '../lib/durable.ts'
import { systemReason } from '../lib/system-reason.ts'
import type { JournalDamage } from './damage.ts'
import type { JournalLimits } from './limits.ts'
import { formatLine } from './line.ts'
import { listSegments, segmentPath } from './segment.ts'

export interface Writer {
  /** Takes records for the next write; never waits, never throws. */
  append(records: readonly JournalRecord[]): void
  /** Settles when everything appended so far is on disk; rejects with journal_write_failed once a write has failed. */
  flush(): Promise<void>
  /** Flushes and closes the segment; rejects like flush. */
  close(): Promise<void>
}

export interface WriterOptions {
  readonly directory: string
  /** The segment to go on with, and its size. */
  readonly segment: { readonly number: number; readonly size: Bytes }
  readonly limits: JournalLimits
  readonly report: (damage: JournalDamage) => void
}

/**
 * Group commit: all that a turn of the event loop appends, and all that comes while a write runs, goes out in one
 * write and one sync. The first failure is the last write: after it nobody knows what is on disk, so that nothing
 * is tried again before the next start has read the segment.
 */
export function createWriter({ directory, segment, limits, report }: WriterOptions): Writer {
  let { number, size } = segment
  let file: FileHandle | null = null
  let pending: JournalRecord[] = []
  let working: Promise<void> | null = null
  let failure: EnginehouseError<'journal_write_failed'> | null = null

  const fail = (why: string, cause?: unknown) => {
    pending = []
    if (failure) return
    failure = new EnginehouseError('journal_write_failed', { directory, why }, { cause })
    report({ kind: 'write_failed', error: failure })
  }

  const openSegment = async (): Promise<FileHandle> => {
    const made = await open(segmentPath(directory, number), 'a', 0o600)
    await syncPath(directory)
    file = made
    return made
  }

  const rotate = async () => {
    await file?.close()
    file = null
    number += 1
    size = 0
    const existing = await listSegments(directory)
    const excess = Math.max(existing.length - (limits.segments - 1), 0)
    for (const old of existing.slice(0, excess)) {
      const path = segmentPath(directory, old)
      try {
        await rm(path)
      } catch (error) {
        report({ kind: 'not_removed', segment: path, why: systemReason(error) })
      }
    }
  }

  const write = async (lines: readonly string[]) => {
    if (lines.length === 0) return
    const bytes = Buffer.from(lines.join(''))
    const target = file ?? (await openSegment())
    await target.appendFile(bytes)
    await target.datasync()
    size += bytes.length
  }

  /** One write, or several where a segment is full in between. */
  const commit = async (batch: readonly JournalRecord[]) => {
    let lines: string[] = []
    let length = 0
    for (const record of batch) {
      if (size + length >= limits.segmentBytes) {
        await write(lines)
        await rotate()
        lines = []
        length = 0
      }
      const line = formatLine(record)
      lines.push(line)
      length += Buffer.byteLength(line)
    }
    await write(lines)
  }

  const work = async () => {
    while (pending.length > 0) {
      const batch = pending
      pending = []
      try {
        await commit(batch)
      } catch (error) {
        fail(systemReason(error), error)
      }
    }
    working = null
  }

  const flush = async () => {
    await working
    if (failure) throw failure
  }

  return {
    append(records) {
      if (failure || records.length === 0) return
      if (pending.length + records.length > limits.pending) {
        fail(`more than ${limits.pending} records wait for the disk`)
        return
      }
      pending.push(...records)
      // A microtask would split what one turn appends into two writes.
      working ??= new Promise<void>((resolve) => setImmediate(resolve)).then(work)
    },
    flush,
    async close() {
      try {
        await flush()
      } finally {
        await file?.close()
        file = null
      }
    },
  }
}
