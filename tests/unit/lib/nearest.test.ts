import fc from 'fast-check'
import { expect, test } from 'vitest'
import { editDistance, nearest } from '../../../src/lib/nearest.ts'

const KEYS = ['context', 'concurrency', 'command', 'parallel', 'priority', 'memory', 'ttl', 'keep', 'env', 'args']

test.each([
  ['contxt', ['context']],
  ['cotnext', ['context']],
  ['Context', ['context']],
  ['paralel', ['parallel']],
  ['tll', ['ttl']],
  ['arg', ['args']],
  ['con', ['context', 'concurrency']],
  ['com', ['command']],
  ['zebra', []],
  ['x', []],
  ['', []],
  ['c'.repeat(1000), []],
])('%s', (wanted, expected) => {
  expect(nearest(wanted, KEYS)).toEqual(expected)
})

test('at most three, the nearest first, the same whatever their order', () => {
  const names = ['model-d', 'model-b', 'model-a', 'model-c', 'model']
  expect(nearest('model-', names)).toEqual(['model', 'model-a', 'model-b'])
  expect(nearest('model-', names.toReversed())).toEqual(['model', 'model-a', 'model-b'])
})

test('a name that begins with what was written', () => {
  expect(nearest('qwen3', ['qwen3-coder-30b', 'llama'])).toEqual(['qwen3-coder-30b'])
})

test('the distance is symmetric, zero only for the same text, and at most the longer length', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 12 }), fc.string({ maxLength: 12 }), (a, b) => {
      const distance = editDistance(a, b)
      expect(distance).toBe(editDistance(b, a))
      expect(distance === 0).toBe(a === b)
      expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
      expect(distance).toBeGreaterThanOrEqual(Math.abs(a.length - b.length))
    }),
  )
})
