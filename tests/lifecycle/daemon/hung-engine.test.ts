import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { fakeEngineEvents } from '../../support/fake-engine.ts'

test('an engine that takes requests and never answers is replaced, and the reason is kept', async () => {
  const place = makePlace()
  const models = fakeModel(place, 'm', ['--hang-generation'], { timeouts: { first_byte: '300ms' } })
  const daemon = await startDaemon({ models }, place)
  for (const _ of [1, 2]) {
    const answer = await daemon.ask('m')
    expect([answer.status, answer.json.error.code]).toEqual([504, 'engine_timeout'])
  }
  const crashed = await daemon.untilEvent('crashed', 'm')
  expect(crashed.evidence).toMatchObject({ class: 'unhealthy', during: 'ready' })
  expect((await daemon.untilEvent('released', 'm')).evidence.reason).toBe('health_failed')
  // Both requests had reached it, and it ended by our ladder.
  const seen = fakeEngineEvents(place.file('m.record')).map(({ event }) => event)
  expect(seen.filter((event) => event === 'request')).toHaveLength(2)
  expect(seen).toContain('term')
  expect((await daemon.command('explain', 'm')).stdout).toContain('stopped answering')
  await daemon.end()
})
