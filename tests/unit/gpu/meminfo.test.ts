import { expect, test } from 'vitest'

import { parseMeminfo } from '../../../src/gpu/meminfo.ts'

const RECORDED = `MemTotal:       24684096 kB
MemFree:        24490676 kB
MemAvailable:   24416040 kB
Buffers:             984 kB
Cached:            29860 kB
SwapTotal:             0 kB
HugePages_Total:       0
`

test('kB are 1024 bytes', () => {
  expect(parseMeminfo(RECORDED)).toEqual({ total: 25_276_514_304, available: 25_002_024_960 })
})

test('an old kernel does not tell what is available: unknown, not zero', () => {
  expect(parseMeminfo(RECORDED.replace(/^MemAvailable.*\n/m, ''))).toEqual({ total: 25_276_514_304, available: null })
})

test('no total, no answer', () => {
  expect(parseMeminfo('')).toBeUndefined()
})
