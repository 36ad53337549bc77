import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { lstat, readFile, unlink } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'

import type { ProcessRef, SharedSegment } from '../core/index.ts'

/** What POSIX calls shared memory is a file here. One with a slash more in its name is no such thing. */
const SEGMENT = /^\/dev\/shm\/[^/]+$/
/** Of a segment whose name is gone already: nothing of it is left when its last process is. */
const UNLINKED = ' (deleted)'

/** Segments in the text of /proc/PID/maps. */
export function mappedSegments(maps: string): readonly SharedSegment[] {
  return maps.split('\n').flatMap((line) => {
    const [, inode, path] = /^\S+ \S+ \S+ \S+ (\d+) +(\/dev\/shm\/.*)$/.exec(line) ?? []
    return inode !== undefined && path !== undefined && isSegment(path) ? [{ path, inode }] : []
  })
}

/** What these processes map or hold open; nothing of those that are gone or another user's. */
export async function segmentsOf(processes: readonly Pick<ProcessRef, 'pid'>[]): Promise<readonly SharedSegment[]> {
  const found = new Map<string, SharedSegment>()
  for (const { pid } of processes) {
    const maps = await readFile(`/proc/${pid}/maps`, 'latin1').catch(() => '')
    for (const segment of [...mappedSegments(maps), ...openSegments(pid)]) found.set(nameOf(segment), segment)
    await nextTurn()
  }
  return [...found.values()]
}

/**
 * Removes each that is still the same file, is this user's, and is used by no process that can be looked at. Whatever
 * fails leaves the segment where it is.
 */
export async function freeSegments(segments: readonly SharedSegment[]): Promise<void> {
  const left = await Promise.all(segments.map(async (segment) => ((await isStillThere(segment)) ? [segment] : [])))
  const there = left.flat()
  if (there.length === 0) return
  const everybody = readdirSync('/proc').flatMap((entry) => (/^\d+$/.test(entry) ? [{ pid: Number(entry) }] : []))
  const used = new Set((await segmentsOf(everybody)).map(nameOf))
  const unused = there.filter((segment) => !used.has(nameOf(segment)))
  await Promise.all(unused.map(({ path }) => unlink(path).catch(() => {})))
}

/** Held by a descriptor: Python keeps one for as long as it uses a segment. */
function openSegments(pid: number): readonly SharedSegment[] {
  const directory = `/proc/${pid}/fd`
  return listed(directory).flatMap((descriptor) => {
    const segment = openSegment(`${directory}/${descriptor}`)
    return segment === null ? [] : [segment]
  })
}

/** Null for what is no segment, or was closed meanwhile. */
function openSegment(descriptor: string): SharedSegment | null {
  try {
    const path = readlinkSync(descriptor)
    return isSegment(path) ? { path, inode: String(statSync(descriptor).ino) } : null
  } catch {
    return null
  }
}

/** Nothing of a process that is gone or another user's. */
function listed(directory: string): readonly string[] {
  try {
    return readdirSync(directory)
  } catch {
    return []
  }
}

async function isStillThere({ path, inode }: SharedSegment): Promise<boolean> {
  if (!isSegment(path)) return false
  const facts = await lstat(path).catch(() => null)
  return facts !== null && facts.isFile() && String(facts.ino) === inode && facts.uid === process.getuid?.()
}

function isSegment(path: string): boolean {
  return SEGMENT.test(path) && !path.endsWith(UNLINKED)
}

function nameOf({ path, inode }: SharedSegment): string {
  return `${inode} ${path}`
}
