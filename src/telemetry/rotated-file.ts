import type { FileHandle } from 'node:fs/promises'
import { open, rename, stat } from 'node:fs/promises'

import type { Bytes, Millis } from '../core/index.ts'
import { logGenerations } from '../lib/log-generations.ts'
import { systemCode } from '../lib/system-reason.ts'
import type { LineTarget } from './line-writer.ts'

/** How much of a log is kept: `files` of `bytes` each. */
export interface LogLimits {
  readonly bytes: Bytes
  readonly files: number
}

/** How often it is looked whether somebody has moved or removed the file that is written. */
const STILL_THERE: Millis = 5_000

const LINE_FEED = 0x0a

/**
 * A log of at most `limits.files` files: the one that is written, and older ones that end in `.1`, `.2`, … No file is
 * larger than `limits.bytes`, unless one write is, and a line never goes on in the next file.
 */
export function rotatedFile(path: string, limits: LogLimits): LineTarget {
  let file: FileHandle | null = null
  let size: Bytes = 0
  let inode = 0
  let atLineStart = true
  let lookAgain: Millis = 0

  /** A daemon that was killed may have left half a line: it is ended, so that ours begins on its own. */
  async function openFile(): Promise<FileHandle> {
    const opened = await open(path, 'a+', 0o600)
    const facts = await opened.stat()
    size = facts.size
    inode = facts.ino
    if (size > 0) {
      const { buffer } = await opened.read(Buffer.alloc(1), 0, 1, size - 1)
      if (buffer[0] !== LINE_FEED) size += (await opened.write('\n')).bytesWritten
    }
    lookAgain = performance.now() + STILL_THERE
    return opened
  }

  async function close(): Promise<void> {
    const old = file
    file = null
    await old?.close()
  }

  async function closeIfGone(): Promise<void> {
    if (file === null || performance.now() < lookAgain) return
    lookAgain = performance.now() + STILL_THERE
    const there = await stat(path).catch(() => null)
    if (there?.ino !== inode) await close()
  }

  async function rotate(): Promise<void> {
    await close()
    const names = logGenerations(path, limits.files)
    for (let age = names.length - 2; age >= 0; age -= 1) await renameIfThere(names[age] ?? '', names[age + 1] ?? '')
  }

  return {
    async append(bytes) {
      if (atLineStart) await closeIfGone()
      file ??= await openFile()
      if (atLineStart && size > 0 && size + bytes.length > limits.bytes) {
        await rotate()
        file = await openFile()
      }
      const { bytesWritten } = await file.write(bytes)
      size += bytesWritten
      if (bytesWritten > 0) atLineStart = bytes[bytesWritten - 1] === LINE_FEED
      return bytesWritten
    },
    close,
  }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  try {
    await rename(from, to)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
  }
}
