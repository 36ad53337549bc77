import { fstatSync, ftruncateSync, readSync } from 'node:fs'
import { open } from 'node:fs/promises'

import { formatBytes, MIB } from '../core/index.ts'
import type { Bytes, Millis } from '../core/index.ts'
import { createLineSplitter } from '../lib/line-splitter.ts'
import { createRing } from '../lib/ring.ts'
import { copyAside, CUT_ANYWAY, CUT_AT } from './copy-aside.ts'
import { watchChanges } from './file-changes.ts'
import { watchLeftover } from './leftover-output.ts'

/** What `tail` holds: lines, and characters in all of them. */
const TAIL = Object.freeze({ items: 100, weight: 256 * 1024, weigh: (line: string) => line.length })
/** Longer lines are cut here; tracebacks and build lines are far shorter. */
const LINE_LIMIT: Bytes = 8 * 1024
/** Read at once; between two reads the event loop gets its turn. */
const READ_SIZE: Bytes = 64 * 1024
/** Of one process's output no more than this is read ... */
const READ_PER_WINDOW: Bytes = 4 * MIB
/** ... in this time: some hundredths of a processor, as against all of one for an engine that floods. */
const WINDOW: Millis = 1000
/** Then its size is looked at again: on a busy machine what is read in many small steps takes long. */
const PASS: Millis = 50
/** Where more than a window's worth has come up, this much of its end is read, after a line that tells the gap. */
const KEPT_OF_BACKLOG: Bytes = MIB
/** What is written between the last read and the cut is lost, so a pause of the writer is waited for, up to CUT_ANYWAY. */
const QUIET: Millis = 20
/** Of a log whose writer does not pause no more is copied than what takes so long. */
const COPY_WITHIN: Millis = 100
/** For the same reason the cut follows the last read without a turn of the event loop, but where one took so long. */
const SLOW_CUT: Millis = 500
/** Cut again so soon, it comes faster than it is worth keeping: the older file goes on holding how that began. */
const COPY_REST: Millis = 2_000
/** Read of what is dropped, always: it may be a process's last words. */
const LAST_WORDS: Bytes = READ_SIZE / 2

/** What a process writes into a file, as lines. */
export interface Output {
  onLine(callback: (line: string) => void): void
  /** The last lines, oldest first, at most 100. */
  tail(): readonly string[]
  /** Reads to the end of what stands in the file now and stops; for after the writer's exit. */
  finish(): Promise<void>
}

/**
 * Follows the file at `path` from `from` on, where a process appends, and keeps it small under it: beyond CUT_AT its
 * content is moved to `PATH.1`, so that the two hold the last 8 to 24 MiB. A flood costs neither memory nor the event
 * loop nor the disk: it is read at a bounded rate, and cut without a copy when it comes faster than that. What is left
 * out is told by a line that begins with `[enginehouse: `, among the lines and in the file.
 *
 * A file that somebody else has made shorter is read from its start. When it can no longer be read, the last line says so.
 */
export async function followOutput(path: string, from: Bytes): Promise<Output> {
  const file = await open(path, 'a+')
  const buffer = Buffer.allocUnsafe(READ_SIZE)
  const ring = createRing<string>(TAIL)
  const callbacks: ((line: string) => void)[] = []
  let offset = from
  let changed = false
  let ending = false
  let broken = false
  let reading: Promise<void> | undefined
  /** Bytes that may still be read in this window, and when the next one begins. */
  let left = READ_PER_WINDOW
  let nextWindow: Millis = 0
  let later: NodeJS.Timeout | undefined
  /** Bytes that came after the last line and are not among the lines; and those before the file that nothing keeps. */
  let unread: Bytes = 0
  let unkept: Bytes = 0
  let copyAgain: Millis = 0
  let sizeBefore: Bytes = 0
  let grownAt: Millis = 0
  let isSlow = false
  /** Our own line in the file: no output. */
  let markInFile = ''

  function give(line: string): void {
    if (line === markInFile) return
    tellGap()
    ring.push(line)
    for (const callback of callbacks) callback(line)
  }

  function tellGap(): void {
    if (unread === 0) return
    const gap = `[enginehouse: ${formatBytes(unread)} of output were left out here]`
    unread = 0
    give(gap)
  }
  const lines = createLineSplitter(LINE_LIMIT, give)

  function leaveOut(bytes: Bytes): void {
    if (bytes <= 0) return
    lines.end()
    unread += bytes
  }

  function giveBytes(bytes: Buffer): void {
    offset += bytes.length
    left -= bytes.length
    lines.write(bytes)
  }

  /** What this window leaves room for; the rest later. At the end all that is worth it. */
  async function readTo(end: Bytes): Promise<void> {
    const now = performance.now()
    if (now >= nextWindow || ending) {
      left = READ_PER_WINDOW
      nextWindow = now + WINDOW
    }
    if (left === READ_PER_WINDOW && end - offset > left) {
      leaveOut(end - KEPT_OF_BACKLOG - offset)
      offset = end - KEPT_OF_BACKLOG
    }
    while (offset < end && left > 0 && (ending || performance.now() - now < PASS)) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(READ_SIZE, end - offset), offset)
      if (bytesRead === 0) return
      giveBytes(buffer.subarray(0, bytesRead))
    }
    if (offset === end) return
    if (left > 0) changed = true
    else lookIn(nextWindow - now)
  }

  /** Makes the file empty under its writer, which goes on at its start, and says in it what is kept nowhere. */
  async function cut(seen: Bytes, copyWithin: Millis): Promise<void> {
    const now = performance.now()
    const copied = now < copyAgain ? null : await copyToOlder(seen, copyWithin)
    copyAgain = now + COPY_REST
    // Nothing that takes time stands between the last read and the cut.
    const words = readLastWords()
    await truncate()
    leaveOut(words.at - offset)
    giveBytes(words.bytes)
    const lost = words.at + words.bytes.length - (copied ?? 0)
    offset = 0
    unkept = copied === null ? unkept + lost : lost
    if (lost === 0) return
    markInFile = `[enginehouse: ${formatBytes(unkept)} of output before this line are not kept]`
    await file.write(`${markInFile}\n`)
  }

  /** In the same turn as the last read, unless a disk has shown that it keeps everybody waiting. */
  async function truncate(): Promise<void> {
    if (isSlow) return file.truncate(0)
    const begun = performance.now()
    ftruncateSync(file.fd, 0)
    isSlow = performance.now() - begun > SLOW_CUT
  }

  /** Resolves with up to where the older file has it; null where it could not be copied. */
  async function copyToOlder(size: Bytes, within: Millis): Promise<Bytes | null> {
    const onPiece = (piece: Buffer, at: Bytes): void => {
      const isNext = at <= offset && at + piece.length > offset
      if (isNext && left > 0) giveBytes(piece.subarray(offset - at))
    }
    try {
      return await copyAside(file, { path, size, within, onPiece })
    } catch {
      // A full disk, most likely: to drop it gives some room back, and the line in the file tells what was dropped.
      return null
    }
  }

  /** The end of what stands in the file unread, and what is written while it is read. */
  function readLastWords(): { readonly at: Bytes; readonly bytes: Buffer } {
    const at = Math.max(offset, fstatSync(file.fd).size - LAST_WORDS)
    return { at, bytes: buffer.subarray(0, readSync(file.fd, buffer, 0, READ_SIZE, at)) }
  }

  /** Whether the writer pauses: it has written nothing since some time ago. */
  function isQuiet(size: Bytes): boolean {
    const now = performance.now()
    if (size === sizeBefore) return now - grownAt >= QUIET
    sizeBefore = size
    grownAt = now
    return false
  }

  async function turn(): Promise<void> {
    const { size } = await file.stat()
    if (size < offset) {
      lines.end()
      offset = 0
    }
    await readTo(size)
    if (size <= CUT_AT || ending) return
    if (isQuiet(size) && offset === size) await cut(size, Number.POSITIVE_INFINITY)
    else if (size > CUT_ANYWAY) await cut(size, COPY_WITHIN)
    else lookIn(QUIET)
  }

  async function readWhileChanged(): Promise<void> {
    try {
      do {
        changed = false
        await turn()
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

  function lookIn(time: Millis): void {
    later ??= setTimeout(() => {
      later = undefined
      look()
    }, time).unref()
  }

  const changes = watchChanges(path, look)
  look()

  return {
    onLine: (callback) => void callbacks.push(callback),
    tail: ring.items,
    async finish() {
      changes.close()
      clearTimeout(later)
      ending = true
      await reading
      look()
      await reading
      clearTimeout(later)
      lines.end()
      tellGap()
      await file.close()
      watchLeftover(path)
    },
  }
}
