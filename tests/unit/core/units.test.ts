import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  formatBytes,
  formatDuration,
  GIB,
  MIB,
  parseDuration,
  parseSize,
  parseTokens,
} from '../../../src/core/index.ts'

describe('sizes', () => {
  test.each([
    ['24GiB', 24 * GIB],
    ['24 gib', 24 * GIB],
    ['1.5GiB', 1.5 * GIB],
    ['500MB', 500_000_000],
    ['32MiB', 32 * MIB],
    ['1KB', 1000],
    ['2TiB', 2048 * GIB],
    ['7B', 7],
    ['7', 7],
    [7, 7],
    [0, 0],
    [' 1 GB ', 1_000_000_000],
  ])('%s', (text, bytes) => {
    expect(parseSize(text)).toBe(bytes)
  })

  test.each([
    '',
    'GiB',
    '-1GiB',
    '1,5GiB',
    '1e3',
    '24G',
    '24Gib/s',
    '0x10',
    '.5GiB',
    'NaN',
    'Infinity',
    '9999999TiB',
    Number.NaN,
    -1,
  ])('%s is none', (text) => {
    expect(parseSize(text)).toBeUndefined()
  })

  test.each([
    [0, '0B'],
    [1023, '1023B'],
    [1024, '1KiB'],
    [1536, '1.5KiB'],
    [268 * MIB, '268MiB'],
    [24 * GIB, '24GiB'],
    [1.5 * GIB, '1.5GiB'],
    [2048 * GIB, '2TiB'],
    [-2 * GIB, '-2GiB'],
  ])('%d is shown as %s', (bytes, text) => {
    expect(formatBytes(bytes)).toBe(text)
  })

  test('what is shown can be read, and is near', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 45), (bytes) => {
        expect(Math.abs((parseSize(formatBytes(bytes)) ?? Number.NaN) - bytes)).toBeLessThanOrEqual(bytes * 0.06)
      }),
    )
  })
})

describe('durations', () => {
  test.each([
    ['500ms', 500],
    ['90s', 90_000],
    ['15m', 900_000],
    ['1h', 3_600_000],
    ['1h30m', 5_400_000],
    ['2d', 172_800_000],
    ['1.5h', 5_400_000],
    ['90', 90_000],
    [90, 90_000],
    [0.5, 500],
    [0, 0],
    [' 5m ', 300_000],
  ])('%s', (text, millis) => {
    expect(parseDuration(text)).toBe(millis)
  })

  test.each([
    '',
    'm',
    '-1',
    '5 m',
    '5M',
    '1:30',
    'never',
    '1h30',
    'Infinity',
    '1e309',
    '5minutes',
    Number.POSITIVE_INFINITY,
    -1,
  ])('%s is none', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  test.each([
    [0, '0ms'],
    [350, '350ms'],
    [1200, '1.2s'],
    [42_000, '42s'],
    [300_000, '5m'],
    [90_000, '1m30s'],
    [3_600_000, '1h'],
    [5_400_000, '1h30m'],
    [172_800_000, '2d'],
    [180_000_000, '2d2h'],
  ])('%d is shown as %s', (millis, text) => {
    expect(formatDuration(millis)).toBe(text)
  })

  test('what is shown can be read, and is near', () => {
    fc.assert(
      fc.property(fc.nat(2 ** 31), (millis) => {
        expect(Math.abs((parseDuration(formatDuration(millis)) ?? Number.NaN) - millis)).toBeLessThanOrEqual(
          500 + millis * 0.05,
        )
      }),
    )
  })
})

describe('token counts', () => {
  test.each([
    ['4096', 4096],
    [4096, 4096],
    ['64k', 65_536],
    ['1K', 1024],
    ['8 k', 8192],
  ])('%s', (text, tokens) => {
    expect(parseTokens(text)).toBe(tokens)
  })

  test.each(['', '0', 0, '0k', '-1', '1.5k', '64KiB', '1m', '1e3', 'k', Number.NaN, '99999999999999999'])(
    '%s is none',
    (text) => {
      expect(parseTokens(text)).toBeUndefined()
    },
  )
})
