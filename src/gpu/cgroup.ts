import { readFileSync } from 'node:fs'
import { posix } from 'node:path'

import type { Bytes } from '../core/index.ts'

/** What the control groups leave to this process and its engines. */
export interface CgroupMemory {
  /** The tightest limit on the way up; infinite without one. */
  readonly limit: Bytes
  /** What may still be taken under the group that leaves least; infinite without a limit. */
  readonly headroom: Bytes
}

/** The files of one version of the interface, in a group's directory. */
interface MemoryFiles {
  readonly limit: string
  readonly usage: string
  /** Line of memory.stat: file cache that is not in use, so the kernel drops it before it refuses memory. */
  readonly reclaimable: string
}

const V1: MemoryFiles = {
  limit: 'memory.limit_in_bytes',
  usage: 'memory.usage_in_bytes',
  reclaimable: 'total_inactive_file',
}
const V2: MemoryFiles = { limit: 'memory.max', usage: 'memory.current', reclaimable: 'inactive_file' }

/** One mounted hierarchy that may limit memory. */
export interface Hierarchy {
  readonly version: 1 | 2
  readonly mountPoint: string
  /** The group that the mount point shows: not `/` when a container sees only its own part. */
  readonly root: string
}

/** `text` is that of /proc/self/mountinfo. */
export function parseHierarchies(text: string): readonly Hierarchy[] {
  return text.split('\n').flatMap((line): Hierarchy[] => {
    const [mount = '', filesystem = ''] = line.split(' - ')
    const [, , , root, mountPoint] = mount.split(' ')
    const [type, , options = ''] = filesystem.split(' ')
    if (root === undefined || mountPoint === undefined) return []
    if (type === 'cgroup2') return [{ version: 2, mountPoint, root }]
    return type === 'cgroup' && options.split(',').includes('memory') ? [{ version: 1, mountPoint, root }] : []
  })
}

/** Our group in each version, from the text of /proc/self/cgroup. */
export function parseGroups(text: string): Readonly<Record<1 | 2, string | undefined>> {
  const groups: Record<1 | 2, string | undefined> = { 1: undefined, 2: undefined }
  for (const line of text.split('\n')) {
    const [, id, controllers = '', path] = /^(\d+):([^:]*):(.*)$/.exec(line) ?? []
    if (id === '0' && controllers === '') groups[2] = path
    else if (controllers.split(',').includes('memory')) groups[1] = path
  }
  return groups
}

/** Directories of `group` and all above it, up to the mount point. */
export function groupDirectories({ mountPoint, root }: Hierarchy, group: string): readonly string[] {
  const below = posix.relative(root, group)
  // Outside what the mount shows, as in a container that keeps the host's name of its group.
  let directory = below.startsWith('..') ? mountPoint : posix.join(mountPoint, below)
  const directories = [directory]
  while (directory !== mountPoint && directory !== '/') {
    directory = posix.dirname(directory)
    directories.push(directory)
  }
  return directories
}

/** Reads some ten small files. A file that is not there sets no limit. */
export function readCgroupMemory(read: (path: string) => string | undefined = readText): CgroupMemory {
  const groups = parseGroups(read('/proc/self/cgroup') ?? '')
  let limit = Number.POSITIVE_INFINITY
  let headroom = Number.POSITIVE_INFINITY
  for (const hierarchy of parseHierarchies(read('/proc/self/mountinfo') ?? '')) {
    const group = groups[hierarchy.version]
    const files = hierarchy.version === 1 ? V1 : V2
    for (const directory of group === undefined ? [] : groupDirectories(hierarchy, group)) {
      const own = readGroup(directory, files, read)
      limit = Math.min(limit, own.limit)
      headroom = Math.min(headroom, own.headroom)
    }
  }
  return { limit, headroom }
}

function readGroup(directory: string, files: MemoryFiles, read: (path: string) => string | undefined): CgroupMemory {
  const limit = parseCount(read(`${directory}/${files.limit}`))
  if (limit === undefined) return { limit: Number.POSITIVE_INFINITY, headroom: Number.POSITIVE_INFINITY }
  const usage = parseCount(read(`${directory}/${files.usage}`)) ?? 0
  const stat = new RegExp(`^${files.reclaimable} (\\d+)$`, 'm').exec(read(`${directory}/memory.stat`) ?? '')
  return { limit, headroom: Math.max(0, limit - Math.max(0, usage - Number(stat?.[1] ?? 0))) }
}

/** Undefined for `max`. Version 1 writes "no limit" as a number near 2^63, larger than any host's memory. */
function parseCount(text: string | undefined): Bytes | undefined {
  return text !== undefined && /^\d+\s*$/.test(text) ? Number(text) : undefined
}

function readText(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    return undefined
  }
}
