import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { systemCode } from '../lib/system-reason.ts'

const schema = z.object({
  pid: z.int().positive(),
  /** Field 22 of /proc/PID/stat; empty where there is no procfs. */
  startTime: z.string(),
  /** Empty where there is no procfs. */
  bootId: z.string(),
  /** Random; makes each text of a lock unique for good. */
  token: z.string(),
})

export type LockHolder = Readonly<z.infer<typeof schema>>

export async function thisProcess(token: string): Promise<LockHolder> {
  const stat = await readStat(process.pid)
  return { pid: process.pid, startTime: stat?.startTime ?? '', bootId: await readBootId(), token }
}

/** Null for a text that is not a lock: what a power cut or an editor left. */
export function parseHolder(text: string): LockHolder | null {
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}

/** What stands in a lock file; `free` where there is none, `unreadable` for what is no lock. Changes nothing. */
export type LockState =
  | { readonly kind: 'free' | 'unreadable' }
  | { readonly kind: 'held' | 'left'; readonly pid: number }

export async function readLock(path: string): Promise<LockState> {
  const text = await readIfThere(path)
  if (text === null) return { kind: 'free' }
  const holder = parseHolder(text)
  if (holder === null) return { kind: 'unreadable' }
  return { kind: (await isAlive(holder)) ? 'held' : 'left', pid: holder.pid }
}

/** True while the very process that wrote the lock lives: its number alone may be another's by now. */
export async function isAlive(holder: LockHolder): Promise<boolean> {
  if (holder.startTime === '') return exists(holder.pid)
  if (holder.bootId !== (await readBootId())) return false
  const stat = await readStat(holder.pid)
  return stat !== null && stat.startTime === holder.startTime && stat.state !== 'Z' && stat.state !== 'X'
}

export function exists(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return systemCode(error) === 'EPERM'
  }
}

async function readStat(pid: number): Promise<{ state: string; startTime: string } | null> {
  const text = await readIfThere(`/proc/${pid}/stat`)
  if (text === null) return null
  // The second field is the command in parentheses and may hold spaces and parentheses itself.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', startTime: fields[19] ?? '' }
}

async function readBootId(): Promise<string> {
  return ((await readIfThere('/proc/sys/kernel/random/boot_id')) ?? '').trim()
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    const code = systemCode(error)
    // ESRCH: the process ended between the open and the read.
    if (code === 'ENOENT' || code === 'ESRCH') return null
    throw error
  }
}
