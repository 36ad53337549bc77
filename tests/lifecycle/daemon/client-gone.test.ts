import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { fakeEngineEvents, untilEvent } from '../../support/fake-engine.ts'
import { untilTrue } from '../../support/gates.ts'

test('gone while the model loads: the load goes on for the next, and the engine never hears of the request', async () => {
  const place = makePlace()
  const gate = place.file('ready')
  const daemon = await startDaemon({ models: fakeModel(place, 'm', ['--ready-gate', gate]) }, place)
  const client = daemon.stream('m')
  await untilEvent(place.file('m.record'), 'started')
  client.socket.destroy()
  expect((await daemon.untilEvent('gave_up', 'm')).evidence.request).toBe(
    daemon.ofKind('wanted', 'm')[0]?.evidence.request,
  )
  writeFileSync(gate, '')
  await daemon.untilEvent('ready', 'm')
  expect((await daemon.ask('m')).status).toBe(200)
  await daemon.end()
  const events = fakeEngineEvents(place.file('m.record')).map(({ event }) => event)
  expect(events).toEqual(['started', 'ready', 'request', 'finished', 'term', 'exit'])
})

test('gone while it waits for a slot: the engine never hears of it, and the line moves on', async () => {
  const place = makePlace()
  const gate = place.file('tokens')
  const record = place.file('m.record')
  const daemon = await startDaemon({ models: fakeModel(place, 'm', ['--token-gate', gate], { concurrency: 1 }) }, place)
  const holder = daemon.stream('m')
  await holder.until('w1 ')
  const leaver = daemon.stream('m')
  await daemon.untilWaiting(1)
  const stayer = daemon.ask('m')
  await daemon.untilWaiting(2)
  leaver.socket.destroy()
  await daemon.untilWaiting(1)
  writeFileSync(gate, '')
  await holder.until('data: [DONE]')
  expect((await stayer).status).toBe(200)
  await daemon.end()
  expect(fakeEngineEvents(record).filter(({ event }) => event === 'request')).toHaveLength(2)
  expect(fakeEngineEvents(record).filter(({ event }) => event === 'cancelled')).toEqual([])
})

test('gone before the first byte: the engine is told, and the slot is free', async () => {
  const place = makePlace()
  const record = place.file('m.record')
  const daemon = await startDaemon({ models: fakeModel(place, 'm', ['--hang-generation'], { concurrency: 1 }) }, place)
  for (const id of [1, 2]) {
    const client = daemon.stream('m')
    expect(await untilEvent(record, 'request', id)).toMatchObject({ id })
    client.socket.destroy()
    expect(await untilEvent(record, 'cancelled', id)).toMatchObject({ id })
  }
  await untilTrue(async () => (await daemon.admin('/models/m')).json.leases === 0)
  expect(daemon.ofKind('started')).toHaveLength(1)
  await daemon.end()
})

test('gone in the middle of a stream: the engine is told, and the slot is free', async () => {
  const place = makePlace()
  const gate = place.file('tokens')
  const record = place.file('m.record')
  const daemon = await startDaemon({ models: fakeModel(place, 'm', ['--token-gate', gate], { concurrency: 1 }) }, place)
  const client = daemon.stream('m')
  await client.until('w1 ')
  const next = daemon.ask('m')
  await daemon.untilWaiting(1)
  client.socket.destroy()
  expect(await untilEvent(record, 'cancelled')).toMatchObject({ id: 1 })
  expect(await untilEvent(record, 'request', 2)).toMatchObject({ id: 2 })
  writeFileSync(gate, '')
  expect((await next).status).toBe(200)
  expect(daemon.ofKind('started')).toHaveLength(1)
  await daemon.end()
})
