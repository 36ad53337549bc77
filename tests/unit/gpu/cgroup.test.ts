import { describe, expect, test } from 'vitest'

import { GIB } from '../../../src/core/index.ts'
import { groupDirectories, parseGroups, parseHierarchies, readCgroupMemory } from '../../../src/gpu/cgroup.ts'

const HYBRID_MOUNTS = `31 23 0:28 / /sys/fs/cgroup rw,relatime - tmpfs tmpfs rw,mode=755
32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu
35 31 0:32 / /sys/fs/cgroup/memory rw,relatime - cgroup cgroup rw,memory
41 31 0:38 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw
`
const HYBRID_GROUPS = `9:name=systemd:/
4:memory:/jobs/one
1:cpu:/
0::/
`
const UNIFIED_MOUNTS = '30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw,nsdelegate\n'
const NO_LIMIT = '9223372036854771712\n'
const UNLIMITED = { limit: Number.POSITIVE_INFINITY, headroom: Number.POSITIVE_INFINITY }

test('hierarchies that may limit memory', () => {
  expect(parseHierarchies(HYBRID_MOUNTS)).toEqual([
    { version: 1, mountPoint: '/sys/fs/cgroup/memory', root: '/' },
    { version: 2, mountPoint: '/sys/fs/cgroup/unified', root: '/' },
  ])
})

test('our group in each', () => {
  expect(parseGroups(HYBRID_GROUPS)).toEqual({ 1: '/jobs/one', 2: '/' })
  expect(parseGroups('0::/user.slice/a:b.scope\n')).toEqual({ 1: undefined, 2: '/user.slice/a:b.scope' })
})

describe('directories of a group, upwards', () => {
  test.each([
    ['a group', '/', '/a/b', ['/m/a/b', '/m/a', '/m']],
    ['the root', '/', '/', ['/m']],
    ['a container that sees its own part', '/docker/x', '/docker/x/y', ['/m/y', '/m']],
    ['a container with the name of the host', '/docker/x', '/', ['/m']],
  ])('%s', (_name, root, group, expected) => {
    expect(groupDirectories({ version: 2, mountPoint: '/m', root }, group)).toEqual(expected)
  })
})

describe('what the groups leave', () => {
  function read(files: Readonly<Record<string, string>>) {
    return readCgroupMemory((path) => files[path])
  }
  const unified = { '/proc/self/mountinfo': UNIFIED_MOUNTS, '/proc/self/cgroup': '0::/a/b\n' }

  test('no groups, no limit', () => {
    expect(read({})).toEqual(UNLIMITED)
  })

  test('a limit above binds too, and cache that can be dropped is headroom', () => {
    const files = {
      ...unified,
      '/sys/fs/cgroup/a/b/memory.max': 'max\n',
      '/sys/fs/cgroup/a/memory.max': `${8 * GIB}\n`,
      '/sys/fs/cgroup/a/memory.current': `${6 * GIB}\n`,
      '/sys/fs/cgroup/a/memory.stat': `anon 1\ninactive_file ${4 * GIB}\nactive_file 3\n`,
    }
    expect(read(files)).toEqual({ limit: 8 * GIB, headroom: 6 * GIB })
  })

  test('the tightest limit and the least headroom may stand in different groups', () => {
    const files = {
      ...unified,
      '/sys/fs/cgroup/a/b/memory.max': `${4 * GIB}\n`,
      '/sys/fs/cgroup/a/b/memory.current': '0\n',
      '/sys/fs/cgroup/a/memory.max': `${8 * GIB}\n`,
      '/sys/fs/cgroup/a/memory.current': `${7 * GIB}\n`,
    }
    expect(read(files)).toEqual({ limit: 4 * GIB, headroom: GIB })
  })

  test('more used than allowed is no headroom, not less than none', () => {
    const files = {
      ...unified,
      '/sys/fs/cgroup/a/memory.max': `${GIB}\n`,
      '/sys/fs/cgroup/a/memory.current': `${2 * GIB}\n`,
    }
    expect(read(files)).toEqual({ limit: GIB, headroom: 0 })
  })

  test('version 1 beside version 2', () => {
    const files = {
      '/proc/self/mountinfo': HYBRID_MOUNTS,
      '/proc/self/cgroup': HYBRID_GROUPS,
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': NO_LIMIT,
      '/sys/fs/cgroup/memory/jobs/one/memory.limit_in_bytes': `${2 * GIB}\n`,
      '/sys/fs/cgroup/memory/jobs/one/memory.usage_in_bytes': `${GIB}\n`,
      '/sys/fs/cgroup/memory/jobs/one/memory.stat': `inactive_file 5\ntotal_inactive_file ${GIB / 2}\n`,
    }
    expect(read(files)).toEqual({ limit: 2 * GIB, headroom: 1.5 * GIB })
  })
})
