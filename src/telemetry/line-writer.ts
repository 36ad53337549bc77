import type { Bytes, Millis } from '../core/index.ts'
import { MIB } from '../core/index.ts'
import { systemCode } from '../lib/system-reason.ts'

/** What may wait in memory for a slow or a full disk: half a minute of a busy access log. More is left out and counted. */
export const MOST_WAITING: Bytes = 4 * MIB
/** Written at once: small beside a log file, so that a file is closed near its limit. */
const BATCH: Bytes = MIB / 2
/** A write that failed is tried again after this long: a full disk is rarely freed sooner. */
const RETRY: Millis = 2_000
/** A pipe whose reader is behind takes more soon. */
const RETRY_FULL_PIPE: Millis = 50
/** At the end of the daemon nothing waits longer for a disk that hangs. */
const CLOSE_WITHIN: Millis = 2_000

/** Where lines go. */
export interface LineTarget {
  /** Appends from the front of `bytes` and resolves with how many it took. Rejects with the system's error. */
  append(bytes: Buffer): Promise<Bytes>
  close(): Promise<void>
}

/** What the one who watches over a log should know. */
export type WriterNews =
  | { readonly kind: 'failing'; readonly error: unknown }
  /** It is written again, or again in time; `lost` lines are not in it. */
  | { readonly kind: 'resumed'; readonly lost: number }

export interface LineWriter {
  /** Returns at once, whatever the disk does. `line` ends with a line feed. */
  write(line: string): void
  /** Hands out what waits, as far as the target takes it, and closes the target. */
  close(): Promise<void>
}

/**
 * Writes lines in the background: one write at a time, of all that has come up since the last one, so that a busy log
 * costs few system calls and a stuck disk a bounded piece of memory. With `gather` a line waits so long for others,
 * which spares a log of one line per request a system call per request. A line is written whole or not at all, but for
 * one that the end of the process cuts.
 */
export function createLineWriter(
  target: LineTarget,
  tell: (news: WriterNews) => void,
  { gather = 0 }: { readonly gather?: Millis } = {},
): LineWriter {
  const waiting: string[] = []
  let waitingBytes: Bytes = 0
  let batch: Buffer | null = null
  let lost = 0
  let failing = false
  let closed = false
  let retry: NodeJS.Timeout | null = null
  let gathering: NodeJS.Timeout | null = null
  let working: Promise<void> | null = null

  /** As many waiting lines as a batch holds. */
  function take(): Buffer {
    let bytes = 0
    const count = waiting.findIndex((line) => (bytes += line.length) > BATCH)
    const lines = waiting.splice(0, count === -1 ? waiting.length : Math.max(1, count))
    const text = lines.join('')
    waitingBytes -= text.length
    return Buffer.from(text)
  }

  async function writeAll(): Promise<void> {
    let asked = true
    while (batch !== null || (waiting.length > 0 && (asked || isDue()))) {
      asked = false
      batch ??= take()
      const taken = await target.append(batch)
      batch = taken < batch.length ? batch.subarray(taken) : null
      if (batch === null && (failing || lost > 0)) resume()
    }
  }

  function isDue(): boolean {
    return gather === 0 || closed || waitingBytes >= BATCH
  }

  /** A write begins now, or when lines had time to gather; one that is at work looks again at its end. */
  function wake(): void {
    if (working !== null) return
    if (isDue()) work()
    else gathering ??= setTimeout(work, gather).unref()
  }

  function resume(): void {
    const news = { kind: 'resumed', lost } as const
    failing = false
    lost = 0
    tell(news)
  }

  function failed(error: unknown): void {
    const isFullPipe = systemCode(error) === 'EAGAIN'
    if (!closed) retry = setTimeout(work, isFullPipe ? RETRY_FULL_PIPE : RETRY).unref()
    if (isFullPipe || failing) return
    failing = true
    tell({ kind: 'failing', error })
  }

  function work(): void {
    retry = null
    if (gathering !== null) clearTimeout(gathering)
    gathering = null
    working ??= writeAll()
      .catch(failed)
      .finally(() => {
        working = null
        // What came between the last look and now.
        if (waiting.length > 0 && retry === null && !closed) wake()
      })
  }

  /** Where the last write failed this is one more try. */
  async function writeRest(): Promise<void> {
    await working
    work()
    await working
  }

  return {
    write(line) {
      if (closed) return
      if (waitingBytes + line.length > MOST_WAITING) {
        lost += 1
        return
      }
      waiting.push(line)
      waitingBytes += line.length
      if (retry === null) wake()
    },
    async close() {
      closed = true
      if (retry !== null) clearTimeout(retry)
      if (gathering !== null) clearTimeout(gathering)
      await within(CLOSE_WITHIN, writeRest())
      await within(CLOSE_WITHIN, target.close())
    },
  }
}

async function within(limit: Millis, work: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, limit)
  })
  await Promise.race([work, late])
  clearTimeout(timer)
}
