import type { FileHandle } from 'node:fs/promises'
import { open, rename, rm } from 'node:fs/promises'

import { MIB } from '../core/index.ts'
import type { Bytes, Millis } from '../core/index.ts'
import { logGenerations } from '../lib/log-generations.ts'

/** A log that has grown to this is cut soon: its content goes to the older file of the two, and it begins anew. */
export const CUT_AT: Bytes = 8 * MIB
/** Cut at this size even while its writer does not pause. */
export const CUT_ANYWAY: Bytes = CUT_AT + 4 * MIB
/** What the older file holds at most; what a writer that is faster than the copying has written beyond is not kept. */
const COPY_AT_MOST: Bytes = CUT_ANYWAY + MIB
/** Copied at once; between two pieces the event loop gets its turn. */
const PIECE: Bytes = 128 * 1024

export interface Copy {
  readonly path: string
  /** Of the log, as it was seen last. */
  readonly size: Bytes
  /** No piece is copied later: a writer that does not pause goes on meanwhile. */
  readonly within: Millis
  /** Gets each piece that is copied, with its position in the log. */
  readonly onPiece: (piece: Buffer, at: Bytes) => void
}

/**
 * Makes an open log's last CUT_ANYWAY bytes, and what is written to it meanwhile, its older file; resolves with up to
 * where that holds it. What is written between this and the cut is lost, as no system call does both. Rejects as the
 * file system does, with both files as they were.
 */
export async function copyAside(log: FileHandle, { path, size, within, onPiece }: Copy): Promise<Bytes> {
  const [, older = ''] = logGenerations(path, 2)
  const unfinished = `${older}~`
  const from = Math.max(0, size - CUT_ANYWAY)
  const until = performance.now() + within
  const piece = Buffer.allocUnsafe(PIECE)
  let upTo = from
  await using copy = await open(unfinished, 'w', 0o600)

  async function copyRest(): Promise<void> {
    while (upTo - from < COPY_AT_MOST && performance.now() < until) {
      const { bytesRead } = await log.read(piece, 0, PIECE, upTo)
      if (bytesRead === 0) return
      for (let done = 0; done < bytesRead;) done += (await copy.write(piece, done, bytesRead - done)).bytesWritten
      onPiece(piece.subarray(0, bytesRead), upTo)
      upTo += bytesRead
    }
  }

  try {
    await copyRest()
    await rename(unfinished, older)
  } catch (error) {
    await rm(unfinished, { force: true })
    throw error
  }
  await copyRest()
  return upTo
}
