import { fstatSync } from 'node:fs'

const STANDARD_ERROR = 2

/**
 * Whether standard error leads to systemd's journal. JOURNAL_STREAM alone does not say so, nor does INVOCATION_ID: both
 * are inherited by every program under a unit, a terminal's shell among them. It names the journal's socket by device
 * and inode, to be compared with what the descriptor is.
 */
export function leadsToJournal(environment: NodeJS.ProcessEnv): boolean {
  const named = environment['JOURNAL_STREAM']
  if (!named) return false
  try {
    const { dev, ino } = fstatSync(STANDARD_ERROR)
    return named === `${dev}:${ino}`
  } catch {
    // Standard error is closed.
    return false
  }
}
