import { existsSync } from 'node:fs'

import { expect, test } from 'vitest'

import { ownerName, ownerOf } from '../../../src/lib/owner-name.ts'

test('each name is another, and says that its owner lives', async () => {
  const [one, two] = [await ownerName(), await ownerName()]
  expect(one).not.toBe(two)
  expect(await ownerOf(one)).toEqual({ pid: process.pid, isAlive: true })
})

test.skipIf(!existsSync('/proc/self/stat'))('a pid that another process has now is not its owner', async () => {
  expect(await ownerOf(`${process.pid}-1-abc`)).toEqual({ pid: process.pid, isAlive: false })
  expect(await ownerOf('999999999-1-abc')).toEqual({ pid: 999_999_999, isAlive: false })
})

test.each(['', '4711', '4711-1', 'x-1-abc', '0.32.0.4711-1-abc'])('%j says no owner', async (name) => {
  expect(await ownerOf(name)).toBeNull()
})
