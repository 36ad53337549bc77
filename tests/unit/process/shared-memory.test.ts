import { spawn } from 'node:child_process'
import { closeSync, existsSync, linkSync, openSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { randomUUID } from 'node:crypto'

import { expect, onTestFinished, test } from 'vitest'

import { freeSegments, mappedSegments, segmentsOf } from '../../../src/process/shared-memory.ts'

test('segments are found in the mappings of a process, by name and inode', () => {
  const maps = [
    '7f0000000000-7f000a000000 rw-s 00000000 00:1a 1234                       /dev/shm/psm_1f2e3d4c',
    '7f0010000000-7f0010001000 rw-s 00000000 00:1a 99                         /dev/shm/sem.mp-a b',
    '7f0020000000-7f0020001000 rw-s 00000000 00:1a 5678                       /dev/shm/gone (deleted)',
    '7f0030000000-7f0030001000 rw-s 00000000 00:1a 7                          /dev/shm/below/other',
    '7f0040000000-7f0040001000 r-xp 00000000 fe:00 42                         /usr/lib/libc.so.6',
    '7ffd00000000-7ffd00021000 rw-p 00000000 00:00 0                          [stack]',
  ].join('\n')
  expect(mappedSegments(maps)).toEqual([
    { path: '/dev/shm/psm_1f2e3d4c', inode: '1234' },
    { path: '/dev/shm/sem.mp-a b', inode: '99' },
    { path: '/dev/shm/gone (deleted)', inode: '5678' },
  ])
})

function segment(): string {
  const path = `/dev/shm/enginehouse-test-${randomUUID()}`
  writeFileSync(path, 'x')
  onTestFinished(() => rmSync(path, { force: true }))
  return path
}

const named = (path: string) => ({ path, inode: String(statSync(path).ino) })

test('what a process holds open is found, and is not removed while any process does', async () => {
  const path = segment()
  const held = openSync(path, 'r+')
  const [found] = (await segmentsOf([process])).filter((each) => each.path === path)
  expect(found).toEqual(named(path))
  await freeSegments([named(path)])
  expect(existsSync(path)).toBe(true)
  closeSync(held)
  await freeSegments([named(path)])
  expect(existsSync(path)).toBe(false)
})

test('what was made under another name is found by its own, and what has no name is not', async () => {
  const made = segment()
  const path = `${made}-linked`
  linkSync(made, path)
  const held = openSync(made, 'r+')
  onTestFinished(() => rmSync(path, { force: true }))
  rmSync(made)
  expect((await segmentsOf([process])).filter((each) => each.path.startsWith(made))).toEqual([named(path)])
  await freeSegments([named(path)])
  expect(existsSync(path)).toBe(true)
  rmSync(path)
  expect((await segmentsOf([process])).filter((each) => each.path.startsWith(made))).toEqual([])
  closeSync(held)
})

test('another file of the same name, and what is no segment, stay', async () => {
  const path = segment()
  await freeSegments([{ path, inode: '1' }])
  expect(existsSync(path)).toBe(true)
  const elsewhere = `/dev/shm/../../tmp/enginehouse-test-${randomUUID()}`
  writeFileSync(elsewhere, 'x')
  onTestFinished(() => rmSync(elsewhere, { force: true }))
  await freeSegments([named(elsewhere)])
  expect(existsSync(elsewhere)).toBe(true)
})

test('a process that is gone holds nothing', async () => {
  const child = spawn('true')
  await new Promise((resolve) => child.once('exit', resolve))
  expect(await segmentsOf([{ pid: child.pid ?? -1 }])).toEqual([])
})
