import { readFile } from 'node:fs/promises'

import type { Activity, Bytes, ProcessRef } from '../core/index.ts'

/** Resident bytes from /proc/PID/status; 0 for a process without memory of its own. */
export function parseResident(status: string): Bytes {
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024
}

/** Bytes that the process has read by system calls, from disk or cache, from /proc/PID/io. */
export function parseRead(io: string): Bytes {
  return Number(/^rchar: (\d+)$/m.exec(io)?.[1] ?? 0)
}

/** Over all members; both figures stand still in a process that hangs. Null when no member tells. */
export async function activityOf(members: readonly ProcessRef[]): Promise<Activity | null> {
  const figures = await Promise.all(members.map(({ pid }) => activityOfProcess(pid)))
  const known = figures.filter((figure) => figure !== null)
  if (known.length === 0) return null
  return known.reduce((sum, each) => ({ resident: sum.resident + each.resident, read: sum.read + each.read }))
}

/** Null for a process that is gone or does not let us look. */
async function activityOfProcess(pid: number): Promise<Activity | null> {
  try {
    const [status, io] = await Promise.all([
      readFile(`/proc/${pid}/status`, 'latin1'),
      readFile(`/proc/${pid}/io`, 'latin1'),
    ])
    return { resident: parseResident(status), read: parseRead(io) }
  } catch {
    return null
  }
}
