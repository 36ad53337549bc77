import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import type { RawClient } from '../../gateway/support/raw-client.ts'
import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { untilEvent } from '../../support/fake-engine.ts'

const STREAMS = 10
const WAITING = 5

/** Ten streams that have begun, and five requests in line for their slots. */
async function busyHouse() {
  const place = makePlace()
  const gate = place.file('tokens')
  const models = fakeModel(place, 'm', ['--token-gate', gate], { concurrency: STREAMS })
  const daemon = await startDaemon({ models }, place)
  const streams = Array.from({ length: STREAMS }, () => daemon.stream('m'))
  await Promise.all(streams.map((stream) => stream.until('w1 ')))
  const waiting = Array.from({ length: WAITING }, () => daemon.stream('m'))
  await daemon.untilWaiting(WAITING)
  return { daemon, gate, streams, waiting }
}

function outcomeOf({ received }: RawClient): string {
  const status = /^HTTP\/1\.1 (\d{3})/.exec(received)?.[1] ?? 'no answer'
  const code = /"code":"([a-z_]+)"/.exec(received)?.[1]
  return [status, code, received.includes('data: [DONE]') ? 'whole' : 'cut'].filter(Boolean).join(' ')
}

test('TERM during ten streams with five in line: all are answered, and nothing is left', async () => {
  const { daemon, gate, streams, waiting } = await busyHouse()
  daemon.program.signal('SIGTERM')
  await daemon.untilEvent('operator')
  await expect(daemon.ask('m')).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  writeFileSync(gate, '')
  await Promise.all([...streams, ...waiting].map((client) => client.closed))
  expect(streams.map(outcomeOf)).toEqual(Array.from({ length: STREAMS }, () => '200 whole'))
  for (const client of waiting) expect(['200 whole', '503 shutting_down cut']).toContain(outcomeOf(client))
  await daemon.hasEnded()
})

test('a second TERM hurries: streams get the error event, the line is refused, and nothing is left', async () => {
  const { daemon, streams, waiting } = await busyHouse()
  daemon.program.signal('SIGTERM')
  await daemon.program.until('stderr', 'Stopping')
  daemon.program.signal('SIGTERM')
  await Promise.all([...streams, ...waiting].map((client) => client.closed))
  expect(streams.map(outcomeOf)).toEqual(Array.from({ length: STREAMS }, () => '200 shutting_down cut'))
  expect(waiting.map(outcomeOf)).toEqual(Array.from({ length: WAITING }, () => '503 shutting_down cut'))
  await daemon.hasEnded()
})

test('TERM while a model loads that somebody waits for: they are answered, then it ends', async () => {
  const place = makePlace()
  const gate = place.file('ready')
  const daemon = await startDaemon({ models: fakeModel(place, 'm', ['--ready-gate', gate]) }, place)
  const client = daemon.stream('m')
  await untilEvent(place.file('m.record'), 'started')
  daemon.program.signal('SIGTERM')
  await daemon.program.until('stderr', 'Stopping')
  writeFileSync(gate, '')
  await client.closed
  expect(outcomeOf(client)).toBe('200 whole')
  await daemon.hasEnded()
})

test('TERM while a model loads that nobody waits for: the load is given up', async () => {
  const place = makePlace()
  const models = fakeModel(place, 'm', ['--ready-gate', place.file('never')], { keep: 'preload' })
  const daemon = await startDaemon({ models }, place)
  await untilEvent(place.file('m.record'), 'started')
  await daemon.end()
})

test('a second TERM while a model loads: who waits is told', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm', ['--ready-gate', place.file('never')]) }, place)
  const client = daemon.stream('m')
  await untilEvent(place.file('m.record'), 'started')
  daemon.program.signal('SIGTERM')
  await daemon.program.until('stderr', 'Stopping')
  daemon.program.signal('SIGTERM')
  await client.closed
  expect(outcomeOf(client)).toBe('503 shutting_down cut')
  await daemon.hasEnded()
})

test.each(['SIGTERM', 'SIGINT'] as const)('%s ends a house with an idle model and open connections', async (signal) => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place)
  expect((await daemon.ask('m')).status).toBe(200)
  daemon.program.signal(signal)
  await daemon.hasEnded()
})
