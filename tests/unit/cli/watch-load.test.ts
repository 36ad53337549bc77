import { expect, it } from 'vitest'

import { stepOf } from '../../../src/cli/watch-load.ts'
import { MODELS, model } from './answers.ts'

it.each([
  [model('a', { phase: 'fetching', fetched_bytes: 1024 }), { label: 'a fetching', bytes: 1024, fraction: null }],
  [model('a', { phase: 'backing_off' }), { label: 'a backing off', bytes: null, fraction: null }],
  [model('a', { phase: 'starting' }), { label: 'a starting', bytes: null, fraction: null }],
  [model('a', { phase: 'draining', leases: 2 }), { label: 'a draining (2 running)', bytes: null, fraction: null }],
  [MODELS[2] ?? model('a'), { label: 'qwen3-coder starting, loading weights', bytes: null, fraction: 0.427 }],
])('a waiting person is shown %#', (view, step) => {
  expect(stepOf(view)).toEqual(step)
})
