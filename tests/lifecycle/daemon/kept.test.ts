import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'

test('a kept model is there without a request, and comes back after it was killed', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm', [], { keep: 'always' }) }, place)
  const first = await daemon.untilEvent('ready', 'm')
  expect(daemon.ofKind('wanted')).toEqual([])
  const pid = await daemon.pidOf('m')
  process.kill(pid, 'SIGKILL')
  expect((await daemon.untilEvent('crashed', 'm')).evidence).toMatchObject({ signal: 'SIGKILL', during: 'ready' })
  const second = await daemon.untilEvent('ready', 'm', 2)
  expect(second.instance).not.toBe(first.instance)
  expect(await daemon.pidOf('m')).not.toBe(pid)
  const answer = await daemon.ask('m')
  expect(answer.status).toBe(200)
  expect(answer.headers['x-enginehouse-instance']).toBe(second.instance)
  await daemon.end()
})

test('a pin loads and holds a model past its ttl, and unpin lets it go', async () => {
  const place = makePlace()
  const ttl = { ttl: '200ms' }
  const models = { ...fakeModel(place, 'pinned', [], ttl), ...fakeModel(place, 'other', [], ttl) }
  const daemon = await startDaemon({ models }, place)
  const pin = await daemon.command('pin', 'pinned', '--json')
  expect(pin).toMatchObject({ exit: 0, json: { model: { id: 'pinned', pinned: { until: null } } } })
  await daemon.untilEvent('ready', 'pinned')
  // The other one is used later and leaves by the same ttl: its going says that the time was over for both.
  await daemon.ask('other')
  await daemon.untilEvent('released', 'other')
  expect(daemon.ofKind('stopping', 'pinned')).toEqual([])
  expect((await daemon.admin('/models/pinned')).json).toMatchObject({ phase: 'ready', unload_at: null })

  expect((await daemon.command('unpin', 'pinned')).exit).toBe(0)
  expect((await daemon.untilEvent('released', 'pinned')).evidence.reason).toBe('ttl_expired')
  await daemon.end()
})

test('a pin with an end ends by itself', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm', [], { ttl: '200ms' }) }, place)
  expect((await daemon.command('pin', 'm', '--for', '600ms')).exit).toBe(0)
  const left = await daemon.untilEvent('stopping', 'm')
  const pinned = daemon.ofKind('operator', 'm')[0]
  expect(left.evidence.reason).toBe('ttl_expired')
  expect(Date.parse(left.at) - Date.parse(pinned?.at ?? '')).toBeGreaterThanOrEqual(600)
  await daemon.end()
})
