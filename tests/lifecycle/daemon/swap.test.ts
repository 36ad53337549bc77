import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { fakeEngineEvents, untilEvent } from '../../support/fake-engine.ts'

const MIB = 2 ** 20

test('two models that do not fit together take turns, and explain names the bytes', async () => {
  const place = makePlace()
  const memory = { memory: '600MiB' }
  const models = { ...fakeModel(place, 'a', [], memory), ...fakeModel(place, 'b', [], memory) }
  const daemon = await startDaemon({ memory: { host: '1GiB' }, models }, place)
  for (const model of ['a', 'b', 'a', 'b']) {
    const answer = await daemon.ask(model)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.json.model).toBe(model)
  }
  // Nobody starts before the other's memory is proven back.
  const turns = daemon.events.filter(({ kind }) => ['started', 'released'].includes(kind))
  expect(turns.map(({ kind, model }) => `${kind} ${model}`)).toEqual([
    'started a',
    'released a',
    'started b',
    'released b',
    'started a',
    'released a',
    'started b',
  ])
  for (const model of ['a', 'b']) {
    const started = fakeEngineEvents(place.file(`${model}.record`)).filter(({ event }) => event === 'started')
    expect(started).toHaveLength(2)
  }

  const { json, exit } = await daemon.command('explain', 'a', '--json')
  expect(exit).toBe(0)
  const plan = json.records.findLast((each: { kind: string }) => each.kind === 'planned')
  expect(plan.evidence.action).toBe('evict')
  expect(plan.evidence.candidates[plan.evidence.chosen]).toMatchObject({
    verdict: 'fits_after_eviction',
    devices: [{ device: 'host', needed: 600 * MIB, claimed: 600 * MIB, free: 424 * MIB }],
    evict: [{ model: 'a', bytes: 600 * MIB, priority: 'normal' }],
  })
  const stopping = json.records.findLast((each: { kind: string }) => each.kind === 'stopping')
  expect(stopping).toMatchObject({
    cause: [plan.seq],
    evidence: { reason: 'evicted_for', why: { rule: 'eviction', for: 'b', bytes: 600 * MIB, starved: false } },
  })
  expect(json.would_change[0]).toContain('raise memory.host by at least 176MiB')

  const { stdout } = await daemon.command('explain', 'a')
  expect(stdout).toContain('to make room for b: b needs 600MiB on host')
  expect(json.summary).toMatch(/a was unloaded .* to make room for b: b needs 600MiB on host, .*424MiB/)
  expect(json.summary).toMatch(/a gave back 600MiB/)
  await daemon.end()
})

test('LS1: while one model finishes and leaves, others are loaded and answered', async () => {
  const place = makePlace()
  const gate = place.file('tokens')
  const models = {
    ...fakeModel(place, 'leaving', ['--ignore-term', '--token-gate', gate]),
    ...fakeModel(place, 'ready'),
    ...fakeModel(place, 'cold'),
  }
  const daemon = await startDaemon({ models }, place)
  expect((await daemon.ask('ready')).status).toBe(200)
  const stream = daemon.stream('leaving')
  await stream.until('w1 ')
  const pid = await daemon.pidOf('leaving')
  const unload = daemon.admin('/models/unload', { model: 'leaving' })
  await daemon.untilEvent('stopping', 'leaving')
  for (const model of ['ready', 'cold']) expect((await daemon.ask(model)).status).toBe(200)

  writeFileSync(gate, '')
  await stream.until('data: [DONE]')
  // Deaf: it is on its way until it is killed.
  await untilEvent(place.file('leaving.record'), 'term')
  for (const model of ['ready', 'cold']) expect((await daemon.ask(model)).status).toBe(200)
  expect(daemon.ofKind('released')).toEqual([])
  process.kill(pid, 'SIGKILL')
  expect((await unload).status).toBe(200)
  await daemon.untilEvent('released', 'leaving')
  await daemon.end()
})

test('two models that fit are left alone', async () => {
  const place = makePlace()
  const memory = { memory: '400MiB' }
  const models = { ...fakeModel(place, 'a', [], memory), ...fakeModel(place, 'b', [], memory) }
  const daemon = await startDaemon({ memory: { host: '1GiB' }, models }, place)
  const instances = new Map<string, Set<unknown>>([
    ['a', new Set()],
    ['b', new Set()],
  ])
  for (const model of ['a', 'b', 'a', 'b', 'a', 'b']) {
    const answer = await daemon.ask(model)
    expect(answer.status, answer.text).toBe(200)
    instances.get(model)?.add(answer.headers['x-enginehouse-instance'])
  }
  expect([...instances.values()].map((seen) => seen.size)).toEqual([1, 1])
  for (const model of ['a', 'b']) {
    const events = fakeEngineEvents(place.file(`${model}.record`))
    expect(events.filter(({ event }) => event === 'started')).toHaveLength(1)
    expect(events[0]?.pid).toBe(await daemon.pidOf(model))
  }
  expect(daemon.ofKind('stopping')).toEqual([])
  await daemon.end()
})
