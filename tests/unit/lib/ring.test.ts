import { expect, test } from 'vitest'

import { createRing } from '../../../src/lib/ring.ts'

test.each([
  [0, []],
  [2, [1, 2]],
  [3, [1, 2, 3]],
  [4, [2, 3, 4]],
  [7, [5, 6, 7]],
])('of %i items the last three are kept, oldest first', (count, expected) => {
  const ring = createRing<number>({ items: 3 })
  for (let item = 1; item <= count; item += 1) ring.push(item)
  expect(ring.items()).toEqual(expected)
})

test('items beyond the weight go, but for the last one', () => {
  const ring = createRing<string>({ items: 10, weight: 5, weigh: (item) => item.length })
  for (const item of ['aa', 'bb', 'cc']) ring.push(item)
  expect(ring.items()).toEqual(['bb', 'cc'])
  ring.push('longer than all')
  expect(ring.items()).toEqual(['longer than all'])
  ring.push('d')
  expect(ring.items()).toEqual(['d'])
})

test('thousands of items through a small ring leave it small and in order', () => {
  const ring = createRing<number>({ items: 100 })
  for (let item = 0; item < 10_000; item += 1) ring.push(item)
  expect(ring.items()).toEqual(Array.from({ length: 100 }, (_, index) => 9_900 + index))
})
