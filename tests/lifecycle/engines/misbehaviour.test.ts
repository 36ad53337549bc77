import { statSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { MIB } from '../../../src/core/index.ts'
import { chat, fakeModel, makePlace, startDaemon, type Daemon } from '../../support/daemon.ts'
import { fakeEngineEvents, untilEvent } from '../../support/fake-engine.ts'
import { untilTrue } from '../../support/gates.ts'
import { isLiving } from '../../support/sweep.ts'

/** Asks the model `good` again and again while the rest happens; every answer has to be a 200. */
async function whileGoodAnswers<Result>(daemon: Daemon, happens: Promise<Result>): Promise<Result> {
  let over = false
  const statuses = new Set<number>()
  const result = happens.finally(() => (over = true))
  do statuses.add((await daemon.ask('good')).status)
  while (!over)
  expect(statuses).toEqual(new Set([200]))
  return result
}

const LONG_LINE = 32 * MIB

test('answers that are none: each client is told what was wrong, and the engine is kept', async () => {
  const place = makePlace()
  const timeouts = { first_byte: '300ms' }
  const models = {
    ...fakeModel(place, 'garbage', ['--answer', 'garbage']),
    ...fakeModel(place, 'page', ['--answer', 'page']),
    ...fakeModel(place, 'head', ['--answer', 'head'], { timeouts }),
    ...fakeModel(place, 'line', ['--answer', `line:${LONG_LINE}`]),
    ...fakeModel(place, 'crash', ['--crash-at-token', '3']),
    ...fakeModel(place, 'good'),
  }
  const daemon = await startDaemon({ models }, place)

  const garbage = await whileGoodAnswers(daemon, daemon.ask('garbage'))
  expect([garbage.status, garbage.json.error.code]).toEqual([502, 'engine_protocol'])

  // Not every route answers in JSON: what an engine calls a success passes as it is.
  const page = await daemon.ask('page')
  expect(page).toMatchObject({ status: 200, text: '<p>It works!</p>', headers: { 'content-type': 'text/html' } })

  const head = daemon.stream('head')
  await whileGoodAnswers(daemon, head.closed)
  expect(head.received).toMatch(/^HTTP\/1.1 200 /)
  expect(errorsOf(head.received)).toEqual([expect.objectContaining({ code: 'engine_timeout' })])

  const line = await whileGoodAnswers(daemon, daemon.ask({ ...chat('line'), stream: true }))
  const [event = '', done] = line.text.split('\n\n')
  expect([event.length > LONG_LINE, event.includes('\n'), done]).toEqual([true, false, 'data: [DONE]'])

  const crash = daemon.stream('crash')
  await whileGoodAnswers(daemon, crash.closed)
  expect(crash.received).toContain('w3 ')
  expect(errorsOf(crash.received)).toEqual([expect.objectContaining({ code: 'engine_crashed' })])

  await daemon.untilEvent('crashed', 'crash')
  expect(daemon.ofKind('crashed')).toHaveLength(1)
  await daemon.end()
})

/** The error events of a stream that must not look whole. */
function errorsOf(received: string): readonly unknown[] {
  expect(received).not.toContain('[DONE]')
  return [...received.matchAll(/data: (\{"error":.*\})\n\n/g)].map(([, event]) => JSON.parse(event ?? 'null').error)
}

const ENDLESS_LINE = 50_000_000

test('logs of bytes, of one line without an end, and none at all: told as far as they can be, harmless', async () => {
  const place = makePlace()
  const models = {
    ...fakeModel(place, 'bytes', ['--log-bytes']),
    ...fakeModel(place, 'line', ['--log-line', String(ENDLESS_LINE)]),
    ...fakeModel(place, 'closed', ['--close-output']),
    ...fakeModel(place, 'good'),
  }
  const daemon = await startDaemon({ models }, place)
  for (const model of ['bytes', 'line', 'closed']) {
    expect((await whileGoodAnswers(daemon, daemon.ask(model))).status, model).toBe(200)
  }

  const bytes = await daemon.command('logs', 'bytes')
  expect(bytes.stdout).toContain('bytes end')
  // oxlint-disable-next-line no-control-regex
  expect(bytes.stdout).not.toMatch(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/)
  expect(bytes.stdout).toContain('cleared')

  // Of the line its beginning, or what tells that it was passed over; the file is cut in its midst.
  const { id } = (await daemon.admin('/models/line')).json.instance
  const log = join(place.state, 'run', id, 'engine.log')
  await untilTrue(() => statSync(log).size < ENDLESS_LINE / 2)
  const line = (await daemon.admin('/logs?model=line&lines=1000')).text
  expect(line).toContain('main: model loaded')
  expect(Math.max(...line.split('\n').map(({ length }) => length))).toBeLessThan(10_000)

  expect((await daemon.command('logs', 'closed')).exit).toBe(0)
  process.kill(await daemon.pidOf('closed'), 'SIGKILL')
  expect((await daemon.untilEvent('crashed', 'closed')).evidence).toMatchObject({ signal: 'SIGKILL', during: 'ready' })
  expect((await daemon.ask('closed')).status).toBe(200)
  await daemon.end()
})

test('an engine that takes long to end, with children everywhere, is killed whole after its grace; a frozen one ends', async () => {
  const place = makePlace()
  const slow = ['--stop-after', '90000', '--setsid-child', '--double-fork', '--keep-socket']
  const models = {
    ...fakeModel(place, 'slow', slow, { stop: { grace: '1s' } }),
    ...fakeModel(place, 'frozen'),
    ...fakeModel(place, 'good'),
  }
  const daemon = await startDaemon({ models }, place)
  expect((await daemon.ask('slow')).status).toBe(200)
  const record = place.file('slow.record')
  await untilEvent(record, 'child', 3)
  const family = fakeEngineEvents(record).flatMap(({ event, pid, child }) =>
    event === 'child' ? [pid, child ?? pid] : [],
  )
  expect(family.every(isLiving)).toBe(true)
  await daemon.admin('/models/unload', { model: 'slow' })
  await whileGoodAnswers(daemon, daemon.untilEvent('released', 'slow'))
  expect(family.filter(isLiving)).toEqual([])
  // Asked once, and given its time; what it said last is not an exit of its own.
  const events = fakeEngineEvents(record).map(({ event }) => event)
  expect(events.filter((event) => event === 'term')).toHaveLength(1)
  expect(events).not.toContain('exit')

  // One that was stopped by a signal is woken to take its leave in order.
  expect((await daemon.ask('frozen')).status).toBe(200)
  process.kill(await daemon.pidOf('frozen'), 'SIGSTOP')
  await daemon.admin('/models/unload', { model: 'frozen' })
  await whileGoodAnswers(daemon, daemon.untilEvent('released', 'frozen'))
  const last = fakeEngineEvents(place.file('frozen.record')).slice(-2)
  expect(last).toMatchObject([{ event: 'term' }, { event: 'exit', code: 0 }])
  expect(daemon.ofKind('crashed')).toEqual([])
  await daemon.end()
})
