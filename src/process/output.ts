import { open } from 'node:fs/promises'

import { formatBytes, MIB } from '../core/index.ts'
import type { Bytes } from '../core/index.ts'
import { createLineSplitter } from '../lib/line-splitter.ts'
import { createRing } from '../lib/ring.ts'
import { watchChanges } from './file-changes.ts'

/** Lines that `tail` holds. */
const TAIL_LINES = 100
/** Longer lines are cut here; tracebacks and build lines are far shorter. */
const LINE_LIMIT: Bytes = 8 * 1024
/** Read at once; between two reads the event loop gets its turn. */
const READ_SIZE: Bytes = 64 * 1024
/** Output that we are further behind than this is not read in order to keep up: */
const BACKLOG_LIMIT: Bytes = 8 * MIB
/** only this much of its end is, after a line that says how much was left out. */
const BACKLOG_KEPT: Bytes = MIB

/** What a process writes into a file, as lines. */
export interface Output {
  onLine(callback: (line: string) => void): void
  /** The last lines, oldest first, at most 100. */
  tail(): readonly string[]
  /** Reads to the end of what stands in the file now and stops; for after the writer's exit. */
  finish(): Promise<void>
}

/**
 * Follows the file at `path` from `from` on, where the process that is about to be started will append.
 *
 * One read at a time into one buffer, so that a flood costs neither memory nor the event loop. A file that has become
 * shorter was truncated and is read from its start. When the file can no longer be read, the last line says so.
 */
export async function followOutput(path: string, from: Bytes): Promise<Output> {
  const file = await open(path, 'r')
  const buffer = Buffer.allocUnsafe(READ_SIZE)
  const ring = createRing<string>({ items: TAIL_LINES })
  const callbacks: ((line: string) => void)[] = []
  let offset = from
  let changed = false
  let ending = false
  let broken = false
  let reading: Promise<void> | undefined

  function give(line: string): void {
    ring.push(line)
    for (const callback of callbacks) callback(line)
  }
  const lines = createLineSplitter(LINE_LIMIT, give)

  /** Moves `offset` to where reading makes sense; returns the file's size. */
  async function findEnd(): Promise<Bytes> {
    const { size } = await file.stat()
    if (size < offset) {
      lines.end()
      offset = 0
    }
    if (size - offset > BACKLOG_LIMIT) {
      const next = size - BACKLOG_KEPT
      lines.end()
      give(`[enginehouse: ${formatBytes(next - offset)} of output were left out here; the log file has them]`)
      offset = next
    }
    return size
  }

  /** Up to the end that stood when it began: a writer that never rests must not hold it for ever. */
  async function readToEnd(): Promise<void> {
    const end = await findEnd()
    while (offset < end) {
      const { bytesRead } = await file.read(buffer, 0, READ_SIZE, offset)
      if (bytesRead === 0) return
      offset += bytesRead
      lines.write(buffer.subarray(0, bytesRead))
    }
  }

  async function readWhileChanged(): Promise<void> {
    try {
      do {
        changed = false
        await readToEnd()
      } while (changed && !ending)
    } catch (error) {
      broken = true
      changes.close()
      give(`[enginehouse: the output can no longer be read: ${String(error)}]`)
    } finally {
      reading = undefined
    }
  }

  function look(): void {
    changed = true
    if (!broken) reading ??= readWhileChanged()
  }

  const changes = watchChanges(path, look)
  look()

  return {
    onLine: (callback) => void callbacks.push(callback),
    tail: () => ring.items(),
    async finish() {
      changes.close()
      ending = true
      await reading
      look()
      await reading
      lines.end()
      await file.close()
    },
  }
}
