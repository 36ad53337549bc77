import fc from 'fast-check'
import { expect, test } from 'vitest'
import { safeName } from '../../../src/lib/safe-name.ts'

test.each([
  ['qwen-2.5_b', 'qwen-2.5_b'],
  ['org/model:Q4@main', 'org%2Fmodel%3AQ4%40main'],
  ['..', '%2E.'],
  ['.hidden', '%2Ehidden'],
  ['', '%'],
  ['a%2Fb', 'a%252Fb'],
  ['~unknown', '%7Eunknown'],
  ['é\0', '%C3%A9%00'],
])('%j becomes %j', (name, expected) => {
  expect(safeName(name)).toBe(expected)
})

const names = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.string({ unit: fc.constantFrom('.', '/', '%', '~', 'a', '2', 'F'), maxLength: 12 }),
  fc.string({ unit: fc.constantFrom('a', '/'), minLength: 150, maxLength: 170 }),
)

test('is one component that a file system takes, whatever the name', () => {
  fc.assert(
    fc.property(names, (name) => {
      const safe = safeName(name)
      expect(safe).toMatch(/^[A-Za-z0-9_%-][A-Za-z0-9._%~-]*$/)
      expect(Buffer.byteLength(safe)).toBeLessThanOrEqual(160)
    }),
  )
})

test('two names are never the same file', () => {
  fc.assert(
    fc.property(names, names, (a, b) => {
      // Lone surrogates have no UTF-8 and all become the same replacement character.
      fc.pre(a.isWellFormed() && b.isWellFormed() && a !== b)
      expect(safeName(a)).not.toBe(safeName(b))
    }),
  )
})

test('long names differ by their hash, and only they have a tilde', () => {
  const long = 'm'.repeat(200)
  expect(safeName(`${long}1`)).not.toBe(safeName(`${long}2`))
  expect(safeName(long)).toMatch(/^m{100}~[0-9a-f]{32}$/)
})
