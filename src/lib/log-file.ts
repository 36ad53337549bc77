import type { FileHandle } from 'node:fs/promises'
import { open } from 'node:fs/promises'
import { setTimeout as pause } from 'node:timers/promises'

import { createLineSplitter } from './line-splitter.ts'
import { logGenerations } from './log-generations.ts'
import { systemCode } from './system-reason.ts'

/** How often a followed log is looked at, in milliseconds: soon for an eye, cheap for a disk. */
const LOOK = 200
const READ = 64 * 1024
/** Of a line of a log; one of ours is far shorter. */
const LINE_LIMIT = 64 * 1024

/** A place in a log, by the file that it is in: names move on when a log is rotated. */
export interface LogPosition {
  readonly inode: number
  readonly offset: number
}

export interface LastLines {
  /** Oldest first. */
  readonly lines: readonly string[]
  /** Where the log ended; null where there is none yet. */
  readonly end: LogPosition | null
}

/**
 * The last lines of a rotated log, back to the first that is not wanted: at most `count`. `files` are the newest first;
 * one that is not there is passed over. Rejects as the file system does.
 */
export async function lastLogLines(
  files: readonly string[],
  { count, isWanted }: { readonly count: number; readonly isWanted: (line: string) => boolean },
): Promise<LastLines> {
  const found: string[] = []
  let end: LogPosition | null = null
  for (const [age, path] of files.entries()) {
    const log = await readWhole(path)
    if (log === null) continue
    if (age === 0) end = log.end
    const lines = log.text.split('\n').filter((line) => line !== '')
    for (let index = lines.length - 1; index >= 0; index -= 1) {
      const line = lines[index] ?? ''
      if (found.length >= count || !isWanted(line)) return { lines: found.toReversed(), end }
      found.push(line)
    }
  }
  return { lines: found.toReversed(), end }
}

/** What is written to the log at `path` from `position` on, over rotations. Ends only by the signal, with its reason. */
export async function* followLog(
  path: string,
  position: LogPosition | null,
  signal: AbortSignal,
): AsyncGenerator<string> {
  let file: FileHandle | null = null
  let inode = position?.inode ?? null
  let offset = position?.offset ?? 0
  let lines: string[] = []
  const splitter = createLineSplitter(LINE_LIMIT, (line) => lines.push(line))
  const buffer = Buffer.alloc(READ)

  /** All that stands in the open file behind `offset`. */
  async function* rest(from: FileHandle): AsyncGenerator<string> {
    for (;;) {
      const { bytesRead } = await from.read(buffer, 0, READ, offset)
      if (bytesRead === 0) return
      offset += bytesRead
      splitter.write(buffer.subarray(0, bytesRead))
      yield* lines
      lines = []
    }
  }

  try {
    for (;;) {
      const next = await openIfThere(path)
      if (next !== null) {
        const facts = await next.stat()
        // The log was rotated: what came into the old file last is told first.
        if (inode !== null && inode !== facts.ino) {
          file ??= await openIfThere(logGenerations(path, 2)[1] ?? '')
          if (file !== null && (await file.stat()).ino === inode) yield* rest(file)
        }
        if (inode !== facts.ino || facts.size < offset) offset = 0
        await file?.close()
        file = next
        inode = facts.ino
        yield* rest(file)
      }
      await pause(LOOK, undefined, { signal })
    }
  } finally {
    await file?.close()
  }
}

async function readWhole(path: string): Promise<{ readonly text: string; readonly end: LogPosition } | null> {
  const file = await openIfThere(path)
  if (file === null) return null
  await using closing = file
  const { ino } = await closing.stat()
  const bytes = await closing.readFile()
  // A line that is being written is told by who follows.
  const whole = bytes.lastIndexOf('\n') + 1
  return { text: bytes.toString('utf8', 0, whole), end: { inode: ino, offset: whole } }
}

async function openIfThere(path: string): Promise<FileHandle | null> {
  try {
    return await open(path, 'r')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw error
  }
}
