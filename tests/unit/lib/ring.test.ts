import { expect, test } from 'vitest'

import { createRing } from '../../../src/lib/ring.ts'

test.each([
  [0, []],
  [2, [1, 2]],
  [3, [1, 2, 3]],
  [4, [2, 3, 4]],
  [7, [5, 6, 7]],
])('of %i items the last three are kept, oldest first', (count, expected) => {
  const ring = createRing<number>(3)
  for (let item = 1; item <= count; item += 1) ring.push(item)
  expect(ring.items()).toEqual(expected)
})
