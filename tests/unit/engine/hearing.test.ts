import { expect, test } from 'vitest'

import { createHearing } from '../../../src/engine/hearing.ts'

test('what an engine says of its start is kept: the latest step, the fullest device', () => {
  const hearing = createHearing()
  expect(hearing).toMatchObject({ progress: null, step: null, figures: null })
  hearing.take({ kind: 'phase', name: 'loading weights' })
  hearing.take({ kind: 'progress', fraction: 0.4 })
  hearing.take({ kind: 'memory', part: 'weights', bytes: 7 })
  hearing.take({ kind: 'memory', part: 'weights', bytes: 9 })
  hearing.take({ kind: 'memory', part: 'weights', bytes: 8 })
  hearing.take({ kind: 'capacity', tokens: 1024 })
  expect(hearing).toMatchObject({ progress: 0.4, step: 'loading weights' })
  expect(hearing.figures).toEqual({ memory: { weights: 9 }, cacheTokens: 1024 })
})

test('once it is ready nothing is under way, and the figures stay', () => {
  const hearing = createHearing()
  hearing.take({ kind: 'phase', name: 'listening' })
  hearing.take({ kind: 'capacity', tokens: 64 })
  hearing.end()
  expect(hearing).toMatchObject({ progress: null, step: null, figures: { memory: {}, cacheTokens: 64 } })
})

test('the figure of a load never falls, and is never whole before it is over', () => {
  const hearing = createHearing()
  const shown = [0.1, 0.6, 0.4, 0.9, 1, 0.2].map((fraction) => {
    hearing.take({ kind: 'progress', fraction })
    return hearing.progress
  })
  expect(shown).toEqual([0.1, 0.6, 0.6, 0.9, 0.99, 0.99])
})
