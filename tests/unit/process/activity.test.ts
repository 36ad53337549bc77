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
