import { readdirSync, readlinkSync, statSync } from 'node:fs'
import { lstat, readFile, unlink } from 'node:fs/promises'
import { setImmediate as nextTurn } from 'node:timers/promises'

import type { ProcessRef, SharedSegment } from '../core/index.ts'

/** What POSIX calls shared memory is a file here. One with a slash more in its name is no such thing. */
const SEGMENT = /^\/dev\/shm\/[^/]+$/
const FOLDER = '/dev/shm'
/** Behind a name that is gone. */
const UNLINKED = ' (deleted)'

/** Segments in the text of /proc/PID/maps, by the names that stand there. */
export function mappedSegments(maps: string): readonly SharedSegment[] {
  return maps.split('\n').flatMap((line) => {
    const [, inode, path] = /^\S+ \S+ \S+ \S+ (\d+) +(\/dev\/shm\/.*)$/.exec(line) ?? []
    return inode !== undefined && path !== undefined && isSegment(path) ? [{ path, inode }] : []
  })
}

/** What these processes map or hold open and has a name; nothing of those that are gone or another user's. */
export async function segmentsOf(processes: readonly Pick<ProcessRef, 'pid'>[]): Promise<readonly SharedSegment[]> {
  const found = new Map<string, SharedSegment>()
  for (const { pid } of processes) {
    const maps = await readFile(`/proc/${pid}/maps`, 'latin1').catch(() => '')
    for (const segment of [...mappedSegments(maps), ...openSegments(pid)]) found.set(nameOf(segment), segment)
    await nextTurn()
  }
  const known = [...found.values()]
  const unnamed = known.filter(({ path }) => path.endsWith(UNLINKED)).map(({ inode }) => inode)
  const renamed = await namesOf(new Set(unnamed))
  const named = known.filter(({ path }) => !path.endsWith(UNLINKED))
  return [...new Map([...named, ...renamed].map((segment) => [nameOf(segment), segment])).values()]
}

/**
 * The C library makes a semaphore under a passing name, links it to its own, and unlinks the first, by which the maker
 * goes on to know it: the inode alone leads to the name. Of what has none nothing is left when its last process is gone.
 */
async function namesOf(inodes: ReadonlySet<string>): Promise<readonly SharedSegment[]> {
  if (inodes.size === 0) return []
  const all = listed(FOLDER).map(async (name): Promise<readonly SharedSegment[]> => {
    const path = `${FOLDER}/${name}`
    const inode = String((await lstat(path).catch(() => null))?.ino)
    return inodes.has(inode) ? [{ path, inode }] : []
  })
  return (await Promise.all(all)).flat()
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
  return SEGMENT.test(path)
}

function nameOf({ path, inode }: SharedSegment): string {
  return `${inode} ${path}`
}
