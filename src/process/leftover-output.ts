import { stat, truncate } from 'node:fs/promises'

import type { Bytes, Millis } from '../core/index.ts'
import { CUT_ANYWAY } from './copy-aside.ts'

const LOOK: Millis = 250
/** A file that has not changed in so many looks has no writer left, or none that matters. */
const UNCHANGED_LOOKS = 8

/**
 * Keeps the log small under processes that outlive the engine's leader and write on, until they are killed: nobody
 * reads them any more. Ends by itself when nothing more comes, or when the log is moved to where it is kept.
 */
export function watchLeftover(path: string): void {
  let before: Bytes | null = null
  let unchanged = 0

  async function look(): Promise<void> {
    const { size } = await stat(path)
    unchanged = size === before ? unchanged + 1 : 0
    before = size
    if (size > CUT_ANYWAY) await truncate(path, 0)
    if (unchanged < UNCHANGED_LOOKS) plan()
  }

  function plan(): void {
    // A log that is gone, or on a disk that cannot be reached, is no longer ours to keep small.
    setTimeout(() => void look().catch(() => undefined), LOOK).unref()
  }
  plan()
}
