import { writeFileSync } from 'node:fs'
import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'

const HOST = { host: '1GiB' }

test('a model that can never fit as it is runs as its variant, and status and explain say so', async () => {
  const place = makePlace()
  const variants = [{ memory: '900MiB', args: { rope: 'small' } }, { memory: '300MiB' }]
  const models = {
    ...fakeModel(place, 'big', [], { memory: '2GiB', variants }),
    ...fakeModel(place, 'other', ['--token-gate', place.file('gate')], { memory: '600MiB' }),
  }
  const daemon = await startDaemon({ memory: HOST, models }, place)
  const busy = daemon.ask('other')
  await daemon.untilEvent('ready', 'other')
  const answer = await daemon.ask('big')
  expect(answer.status, answer.text).toBe(200)
  expect(answer.headers['x-enginehouse-fallback-from']).toBeUndefined()
  // The first way can never fit, and the second would have had to wait for a request of the other model.
  expect(daemon.ofKind('started', 'big').map(({ evidence }) => evidence.variant)).toEqual([2])
  const plan = daemon.ofKind('planned', 'big').at(-1)?.evidence
  expect(plan.candidates.map((each: { verdict: string }) => each.verdict)).toEqual([
    'never_fits',
    'waits_for_idle',
    'fits',
  ])
  expect((await daemon.command('explain', 'big')).stdout).toContain('variant 2')
  expect((await daemon.admin('/models/big')).json.claim.host.bytes).toBe(300 * 2 ** 20)
  writeFileSync(place.file('gate'), '')
  expect((await busy).status).toBe(200)
  await daemon.end()
})

test('a fallback answers in the place of a model that cannot be loaded, and the client is told', async () => {
  const place = makePlace()
  const models = {
    ...fakeModel(place, 'big', [], { memory: '2GiB', fallback: 'small' }),
    ...fakeModel(place, 'broken', ['--exit-at', 'spawn'], { start: { attempts: 1, window: '1h' }, fallback: 'small' }),
    ...fakeModel(place, 'small', [], { memory: '300MiB' }),
  }
  const daemon = await startDaemon({ memory: HOST, models }, place)
  for (const model of ['big', 'broken', 'big']) {
    const answer = await daemon.ask(model)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.headers).toMatchObject({
      'x-enginehouse-model': 'small',
      'x-enginehouse-fallback-from': model,
    })
  }
  expect(daemon.ofKind('fell_back').map(({ model, evidence }) => [model, evidence.to, evidence.code])).toEqual([
    ['big', 'small', 'insufficient_host_memory'],
    ['broken', 'small', 'model_failed'],
    ['big', 'small', 'insufficient_host_memory'],
  ])
  expect(daemon.ofKind('started', 'small')).toHaveLength(1)
  // The last one found its fallback ready: nobody loaded anything for it.
  const again = await daemon.ask('big')
  expect(again.headers['x-enginehouse-cold-start-ms']).toBeUndefined()
  expect((await daemon.command('explain', 'big')).stdout).toContain('went to small in its place')
  // Who asks for this very model is told what is wrong with it.
  const load = await daemon.admin('/models/load', { model: 'big' })
  expect([load.status, load.json.error.code]).toEqual([503, 'insufficient_host_memory'])
  await daemon.end()
})

test('a start in which nothing moves is given up after `load.stall`, and the model after `start.attempts`', async () => {
  const place = makePlace()
  const keys = { load: { stall: '300ms' }, start: { attempts: 2, window: '1h' } }
  const models = fakeModel(place, 'm', ['--ready-gate', place.file('never')], keys)
  const daemon = await startDaemon({ models }, place)
  const answer = await daemon.ask('m')
  expect([answer.status, answer.json.error.code]).toEqual([503, 'model_failed'])
  expect(daemon.ofKind('crashed', 'm').map(({ evidence }) => evidence.class)).toEqual(['stalled', 'stalled'])
  await daemon.end()
})

test('named resources keep two models apart that memory would let together', async () => {
  const place = makePlace()
  const keys = { memory: '100MiB', resources: { licence: 1 }, min_residency: '0s' }
  const models = { ...fakeModel(place, 'a', [], keys), ...fakeModel(place, 'b', [], keys) }
  const daemon = await startDaemon({ memory: { ...HOST, resources: { licence: 1 } }, models }, place)
  for (const model of ['a', 'b']) expect((await daemon.ask(model)).status).toBe(200)
  const turns = daemon.events.filter(({ kind }) => ['started', 'released'].includes(kind))
  expect(turns.map(({ kind, model }) => `${kind} ${model}`)).toEqual(['started a', 'released a', 'started b'])
  const { devices } = (await daemon.admin('/devices')).json
  expect(
    devices.map(({ id, total, free }: { id: string; total: number; free: number }) => [id, total, free]),
  ).toContainEqual(['resource:licence', 1, 0])
  await daemon.end()
})

test('a request waits for a load to start no longer than `queue_timeout`', async () => {
  const place = makePlace()
  const models = {
    ...fakeModel(place, 'busy', ['--token-gate', place.file('gate')], { memory: '600MiB' }),
    ...fakeModel(place, 'late', [], { memory: '600MiB' }),
  }
  const daemon = await startDaemon({ server: { queue_timeout: '400ms' }, memory: HOST, models }, place)
  const busy = daemon.ask('busy')
  await daemon.untilEvent('ready', 'busy')
  const late = await daemon.ask('late')
  expect([late.status, late.json.error.code]).toEqual([504, 'queue_timeout'])
  expect(daemon.ofKind('started', 'late')).toEqual([])
  writeFileSync(place.file('gate'), '')
  expect((await busy).status).toBe(200)
  await daemon.end()
})

test('what a load takes is known to the next daemon', async () => {
  const place = makePlace()
  const manifest = { models: fakeModel(place, 'm', ['--ready-after', '300']) }
  const first = await startDaemon(manifest, place)
  expect((await first.ask('m')).status).toBe(200)
  const { last, learned } = (await first.admin('/models/m')).json.load_seconds
  expect([last > 0, learned]).toEqual([true, last])
  await first.end()
  const second = await startDaemon(manifest, place)
  expect((await second.admin('/models/m')).json.load_seconds).toEqual({ last: null, learned })
  await second.end()
})
