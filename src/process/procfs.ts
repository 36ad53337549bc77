import { readFileSync, readdirSync, readlinkSync } from 'node:fs'
import { readFile, readdir } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'

import { EnginehouseError } from '../core/index.ts'
import type { ProcessRef } from '../core/index.ts'

/** One process as /proc/PID/stat shows it. */
export interface ProcessStat extends ProcessRef {
  readonly parent: number
  readonly session: number
  /** False for a zombie or a process that is being removed: it runs no code and holds no memory. */
  readonly living: boolean
}

/** Reading one stat takes some 10 us; the loop gets a turn after this many. */
const STATS_PER_TURN = 64

/**
 * The second field is the program's name in parentheses and may itself hold blanks and parentheses, so fields are
 * counted from the last `)`. Undefined when the text is not a stat line.
 */
export function parseStat(text: string): ProcessStat | undefined {
  const pid = Number.parseInt(text, 10)
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const [state, parent, , session] = fields
  // Field 22 of the whole line; the state, first of ours, is field 3.
  const startTime = fields[19]
  if (Number.isNaN(pid) || !state || startTime === undefined) return undefined
  return {
    pid,
    startTime,
    parent: Number(parent),
    session: Number(session),
    living: state !== 'Z' && state !== 'X' && state !== 'x',
  }
}

/** Undefined when there is no such process that we may see. Throws internal when procfs fails for another reason. */
export function readStat(pid: number): ProcessStat | undefined {
  try {
    return parseStat(readFileSync(`/proc/${pid}/stat`, 'latin1'))
  } catch (error) {
    return absentOr(error)
  }
}

/** What is gone, and what hidepid hides. */
const ABSENT: ReadonlySet<unknown> = new Set(['ENOENT', 'ESRCH', 'EACCES', 'EPERM'])

/** A process must not pass for gone because, say, our file descriptors ran out. */
function absentOr(error: unknown): undefined {
  if (error instanceof Error && 'code' in error && ABSENT.has(error.code)) return undefined
  const why = error instanceof Error ? error.message : String(error)
  throw new EnginehouseError('internal', { what: `the process table cannot be read: ${why}` }, { cause: error })
}

/** Every process, dead ones that nobody has waited for included. */
export async function readAllStats(): Promise<ReadonlyMap<number, ProcessStat>> {
  const stats = new Map<number, ProcessStat>()
  let read = 0
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry)
    if (!Number.isInteger(pid)) continue
    const stat = readStat(pid)
    if (stat) stats.set(pid, stat)
    read += 1
    if (read % STATS_PER_TURN === 0) await nextTurn()
  }
  return stats
}

/**
 * True when the environment that the process began with holds exactly `entry` (`NAME=value`); false when the process is
 * gone or another user's. Asynchronous, as the kernel makes the reader wait while the process changes its mappings.
 */
export async function environHas(pid: number, entry: string): Promise<boolean> {
  try {
    const environ = await readFile(`/proc/${pid}/environ`, 'latin1')
    return `\0${environ}\0`.includes(`\0${entry}\0`)
  } catch (error) {
    absentOr(error)
    return false
  }
}

/** A link in procfs is read in some 5 us, a tenth of what handing it to another thread costs; so many in one turn. */
const LINKS_PER_TURN = 200

function readLink(path: string): string {
  try {
    return readlinkSync(path)
  } catch {
    // Closed meanwhile.
    return ''
  }
}

/** Inodes of the sockets that a process holds; null when they cannot be read. */
export async function socketInodes(pid: number): Promise<ReadonlySet<string> | null> {
  const inodes = new Set<string>()
  try {
    const descriptors = await readdir(`/proc/${pid}/fd`)
    for (let next = 0; next < descriptors.length; next += LINKS_PER_TURN) {
      if (next > 0) await nextTurn()
      for (const descriptor of descriptors.slice(next, next + LINKS_PER_TURN)) {
        const inode = /^socket:\[(\d+)\]$/.exec(readLink(`/proc/${pid}/fd/${descriptor}`))?.[1]
        if (inode !== undefined) inodes.add(inode)
      }
    }
  } catch {
    return null
  }
  return inodes
}

export function readBootId(): string {
  return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim()
}
