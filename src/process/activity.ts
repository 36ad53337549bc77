import { readFile } from 'node:fs/promises'

import type { Bytes, ProcessRef } from '../core/index.ts'

/** Resident bytes from /proc/PID/status; 0 for a process without memory of its own. */
export function parseResident(status: string): Bytes {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

/** Bytes that the process has read by system calls, from disk or cache, from /proc/PID/io. */
export function parseRead(io: string): Bytes {
  return Number(/^rchar: (\d+)$/m.exec(io)?.[1] ?? 0)
}

/**
 * Bytes resident and read over all members. The one grows while weights are mapped or built, the other while they are
 * read; both stand still in a process that hangs. Null when no member tells.
 */
export async function activityOf(members: readonly ProcessRef[]): Promise<Bytes | null> {
  const figures = await Promise.all(members.map(({ pid }) => activityOfProcess(pid)))
  const known = figures.filter((figure) => figure !== null)
  return known.length === 0 ? null : known.reduce((sum, figure) => sum + figure, 0)
}

/** Null for a process that is gone or does not let us look. */
async function activityOfProcess(pid: number): Promise<Bytes | null> {
  try {
    const [status, io] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'latin1'),
      readFile(`/proc/${pid}/io`, 'latin1'),
    ])
    return parseResident(status) + parseRead(io)
  } catch {
    return null
  }
}
