import { rmSync, writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { untilEvent } from '../../support/fake-engine.ts'

test('LS5: killed in the middle of a stream: an error event, no end, and the next request has a new engine', async () => {
  const place = makePlace()
  const gate = place.file('tokens')
  const daemon = await startDaemon({ models: fakeModel(place, 'm', ['--token-gate', gate]) }, place)
  const client = daemon.stream('m')
  await client.until('w1 ')
  const pid = await daemon.pidOf('m')
  process.kill(pid, 'SIGKILL')
  await client.closed
  const [error] = /data: (\{"error":.*\})\n\n/.exec(client.received)?.slice(1) ?? []
  expect(JSON.parse(error ?? 'null')).toMatchObject({ error: { code: 'engine_crashed', type: 'server_error' } })
  expect(client.received).not.toContain('[DONE]')
  // The last chunk would tell the client that the stream is whole.
  expect(client.received).not.toMatch(/\r\n0\r\n\r\n$/)
  expect((await daemon.untilEvent('crashed', 'm')).evidence).toMatchObject({
    signal: 'SIGKILL',
    during: 'ready',
    attempt: 1,
    lost: 1,
  })
  writeFileSync(gate, '')
  expect((await daemon.ask('m')).status).toBe(200)
  expect(await daemon.pidOf('m')).not.toBe(pid)
  await daemon.end()
})

test('killed before the first byte: 502, and the next request has a new engine', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm', ['--hang-generation']) }, place)
  const asked = daemon.ask('m')
  await untilEvent(place.file('m.record'), 'request')
  const pid = await daemon.pidOf('m')
  process.kill(pid, 'SIGKILL')
  expect(await asked).toMatchObject({ status: 502, json: { error: { code: 'engine_crashed', type: 'server_error' } } })
  // A dying process may still take a connection; who comes in that moment gets the same answer, as nobody knows what
  // became of its request.
  await daemon.untilEvent('crashed', 'm')
  const next = daemon.stream('m')
  const second = await untilEvent(place.file('m.record'), 'request', 2)
  expect(second.pid).not.toBe(pid)
  next.socket.destroy()
  await daemon.end()
})

test('an engine that ends at a request is not asked the same twice', async () => {
  const place = makePlace()
  const broken = place.file('broken')
  writeFileSync(broken, '')
  const daemon = await startDaemon(
    { models: fakeModel(place, 'm', ['--exit-at', 'request', '--exit-while', broken]) },
    place,
  )
  expect(await daemon.ask('m')).toMatchObject({ status: 502, json: { error: { code: 'engine_crashed' } } })
  // It ends by 1 without being asked to: a crash, whatever the code.
  expect((await daemon.untilEvent('crashed', 'm')).evidence).toMatchObject({ code: 1, class: 'exited' })
  rmSync(broken)
  expect((await daemon.ask('m')).status).toBe(200)
  expect(daemon.ofKind('started', 'm')).toHaveLength(2)
  await daemon.end()
})
