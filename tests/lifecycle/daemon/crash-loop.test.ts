import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { fakeEngineEvents } from '../../support/fake-engine.ts'

const ATTEMPTS = 3
/** While the others crash; more come as long as they do. */
const REQUESTS = 100
const START = { attempts: ATTEMPTS, window: '1h' }

test('a crash loop of one model never slows another', async () => {
  const place = makePlace()
  const models = {
    ...fakeModel(place, 'a', ['--exit-at', 'loading'], { start: START }),
    // Healthy for a moment, and started again by itself.
    ...fakeModel(place, 'again', ['--exit-at', 'ready'], { start: START, keep: 'always' }),
    ...fakeModel(place, 'b'),
  }
  const daemon = await startDaemon({ models }, place)
  expect((await daemon.ask('b')).status).toBe(200)
  const pid = await daemon.pidOf('b')

  const given = Promise.all([daemon.untilEvent('model_failed', 'a'), daemon.untilEvent('model_failed', 'again')])
  const answers = Array.from({ length: 5 }, () => daemon.ask('a'))
  let crashing = true
  void given.then(() => (crashing = false))
  const statuses: number[] = []
  while (crashing || statuses.length < REQUESTS) statuses.push((await daemon.ask('b')).status)

  expect(statuses.filter((status) => status !== 200)).toEqual([])
  expect(await daemon.pidOf('b')).toBe(pid)
  expect(daemon.ofKind('started', 'b')).toHaveLength(1)
  // Nobody waited for a start that was not to come, and nobody who comes now makes another.
  for (const { evidence } of await given) {
    expect(evidence).toMatchObject({ class: 'exited', attempts: ATTEMPTS, retry_at: expect.any(String) })
  }
  for (const answer of await Promise.all([...answers, daemon.ask('a'), daemon.ask('again')])) {
    expect(answer).toMatchObject({ status: 503, headers: { 'x-should-retry': 'false' } })
    expect(answer.json.error).toMatchObject({ code: 'model_failed', facts: { retryAt: expect.any(Number) } })
    // When the first crash is an hour old, there may be another start.
    expect(answer.json.error.facts.retryAt).toBeGreaterThan(Date.now())
  }
  for (const model of ['a', 'again']) {
    expect(daemon.ofKind('crashed', model).map(({ evidence }) => evidence.attempt)).toEqual([1, 2, 3])
    expect(starts(model), model).toBe(ATTEMPTS)
  }
  await daemon.end()

  function starts(model: string): number {
    return fakeEngineEvents(place.file(`${model}.record`)).filter(({ event }) => event === 'started').length
  }
})
