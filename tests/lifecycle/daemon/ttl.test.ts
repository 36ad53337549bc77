import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { fakeEngineEvents } from '../../support/fake-engine.ts'

test.each([
  { ttl: '300ms', milliseconds: 300 },
  { ttl: '1s', milliseconds: 1000 },
])('a stream that is longer than the ttl of $ttl ends whole, and only then the ttl counts', async (row) => {
  const place = makePlace()
  // 30 tokens, 60 ms apart: 1.7 s at least.
  const models = fakeModel(place, 'm', ['--tokens', '30', '--token-interval', '60'], { ttl: row.ttl })
  const daemon = await startDaemon({ models }, place)
  const client = daemon.stream('m')
  await client.until('data: [DONE]')
  const stopping = await daemon.untilEvent('stopping', 'm')
  const released = await daemon.untilEvent('released', 'm')
  expect(stopping.evidence).toMatchObject({ reason: 'ttl_expired', leases: 0, why: { ttl_ms: row.milliseconds } })
  expect(released.evidence.reason).toBe('ttl_expired')
  // Both are the daemon's own instants: the last byte, and the decision.
  const idle = Date.parse(stopping.at) - Date.parse(stopping.evidence.why.last_byte_at)
  expect(idle).toBeGreaterThanOrEqual(row.milliseconds)
  const order = fakeEngineEvents(place.file('m.record')).map(({ event }) => event)
  expect(order).toEqual(['started', 'ready', 'request', 'finished', 'term', 'exit'])

  expect((await daemon.ask('m')).status).toBe(200)
  expect(daemon.ofKind('started', 'm')).toHaveLength(2)
  await daemon.end()
})
