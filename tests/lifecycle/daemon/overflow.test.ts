import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon, type Answer } from '../../support/daemon.ts'

const REFUSED = {
  status: 503,
  headers: { 'retry-after': expect.stringMatching(/^\d+$/) as string },
  json: { error: { code: 'server_overloaded', type: 'server_error' } },
}

test('one request more than may wait is refused at once, and the rest is answered', async () => {
  const place = makePlace()
  const ready = place.file('ready')
  const tokens = place.file('tokens')
  const models = fakeModel(place, 'm', ['--ready-gate', ready, '--token-gate', tokens], { concurrency: 1 })
  const daemon = await startDaemon({ server: { max_queue: 3 }, models }, place)

  // They wait for the load; the gate is still shut when the refusal comes.
  const cold = [daemon.ask('m'), daemon.ask('m'), daemon.ask('m')]
  await daemon.untilWaiting(3)
  const overCold = await daemon.ask('m')
  expect(overCold).toMatchObject(REFUSED)
  expect(overCold.json.error.message).toContain('3 requests are waiting already, and no more than 3 may')

  // One is in the engine and two wait for its slot; a third makes the line full again.
  writeFileSync(ready, '')
  await daemon.untilWaiting(2)
  const warm = daemon.ask('m')
  await daemon.untilWaiting(3)
  expect(await daemon.ask('m')).toMatchObject(REFUSED)

  writeFileSync(tokens, '')
  const answers: readonly Answer[] = await Promise.all([...cold, warm])
  expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200])
  expect(daemon.ofKind('started')).toHaveLength(1)
  await daemon.end()
})

test('where nobody may wait, a ready model still answers', async () => {
  const place = makePlace()
  const models = fakeModel(place, 'm', [], { keep: 'preload' })
  const daemon = await startDaemon({ server: { max_queue: 0 }, models }, place)
  await daemon.untilEvent('ready', 'm')
  expect((await daemon.ask('m')).status).toBe(200)
  await daemon.end()
})
