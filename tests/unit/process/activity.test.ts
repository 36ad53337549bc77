import { expect, test } from 'vitest'

import { activityOf, parseRead, parseResident } from '../../../src/process/activity.ts'

test('resident bytes from the status', () => {
  expect(parseResident('Name:\tcat\nVmHWM:\t    1600 kB\nVmRSS:\t    1504 kB\nRssAnon:\t      96 kB\n')).toBe(1_540_096)
  expect(parseResident('Name:\tkthreadd\n')).toBe(0)
})

test('bytes read from the io counters', () => {
  expect(parseRead('rchar: 2012\nwchar: 0\nsyscr: 7\nread_bytes: 4096\n')).toBe(2012)
})

test('nobody who tells is not the same as nothing done', async () => {
  expect(await activityOf([])).toBeNull()
})

test('what is resident and what was read are told apart, over all members', async () => {
  const self = { pid: process.pid, startTime: '0' }
  const one = await activityOf([self])
  const two = await activityOf([self, { pid: 2 ** 30, startTime: '0' }, self])
  expect(one?.resident).toBeGreaterThan(10_000_000)
  expect(one?.read).toBeGreaterThan(0)
  expect(two?.resident).toBeGreaterThan(1.5 * (one?.resident ?? 0))
})
