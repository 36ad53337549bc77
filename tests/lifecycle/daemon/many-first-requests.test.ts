import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { fakeEngineEvents } from '../../support/fake-engine.ts'

const REQUESTS = 100
const CONCURRENCY = 4

test('a hundred first requests start one process, are all answered, and never crowd the engine', async () => {
  const place = makePlace()
  const gate = place.file('ready')
  const knobs = ['--ready-gate', gate, '--token-interval', '1']
  const models = fakeModel(place, 'm', knobs, { concurrency: CONCURRENCY })
  const daemon = await startDaemon({ models }, place)
  const asked = Array.from({ length: REQUESTS }, () => daemon.ask('m'))
  await daemon.untilEvent('wanted', 'm', REQUESTS)
  writeFileSync(gate, '')
  const answers = await Promise.all(asked)
  expect(answers.map(({ status }) => status)).toEqual(Array.from({ length: REQUESTS }, () => 200))
  for (const { json } of answers) expect(json.choices[0].message.content).toBe('w1 w2 w3 w4 w5 w6 w7 w8 ')

  await daemon.end()
  const events = fakeEngineEvents(place.file('m.record'))
  const count = (kind: string) => events.filter(({ event }) => event === kind).length
  expect([count('started'), count('request'), count('finished'), count('cancelled')]).toEqual([1, 100, 100, 0])
  let inside = 0
  let most = 0
  for (const { event } of events) {
    if (event === 'request') inside += 1
    if (event === 'finished') inside -= 1
    most = Math.max(most, inside)
  }
  expect(most).toBe(CONCURRENCY)
})
