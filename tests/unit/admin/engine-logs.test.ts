import { mkdir, writeFile, utimes } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import { expect, test } from 'vitest'

import { createEngineLogs, type EngineOutput } from '../../../src/admin/index.ts'
import { instanceLog, openStateDirectory, type StateDirectory } from '../../../src/journal/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { modelView, stubOperations } from './stubs.ts'

const STARTED = Date.parse('2026-01-31T14:00:00Z')

async function house(living: string | null = 'm-2') {
  const state = await openStateDirectory(join(temporaryDirectory(), 'state'), {})
  const clock = { now: STARTED }
  const instance = living && {
    id: living,
    pid: 1,
    argv: [],
    startedAt: STARTED,
    readyAt: null,
    progress: null,
    step: null,
    figures: null,
  }
  const { view } = stubOperations([modelView('m', { instance: instance || null })])
  const logs = createEngineLogs({ state, view: () => view, now: () => clock.now })
  return { state, clock, logs }
}

function starts(logs: EngineOutput, instance: string): void {
  logs.observe({ kind: 'started', model: 'm', instance })
}

async function write(path: string, text: string, changed = 1): Promise<void> {
  await mkdir(dirname(path), { recursive: true })
  await writeFile(path, text)
  await utimes(path, changed, changed)
}

function keptPath(state: StateDirectory, name: string): string {
  return join(state.logs, 'engines', 'm', `${name}.log`)
}

const told = async (logs: EngineOutput, lines: number, since?: number) =>
  (await logs.tail('m', { lines, since })).map(({ instance, line }) => `${instance} ${line}`)

test('lines that were heard are told with their instance and their time, over restarts', async () => {
  const { clock, logs } = await house()
  const heard: unknown[] = []
  logs.follow('m', (line) => heard.push(line))
  starts(logs, 'm-1')
  logs.say('m', 'a')
  starts(logs, 'm-2')
  clock.now += 60_000
  logs.say('m', 'b')
  const all = [
    { instance: 'm-1', at: STARTED, line: 'a' },
    { instance: 'm-2', at: STARTED + 60_000, line: 'b' },
  ]
  expect(await logs.tail('m', { lines: 2, since: undefined })).toEqual(all)
  expect(heard).toEqual(all)
  expect(await told(logs, 10, STARTED + 1)).toEqual(['m-2 b'])
  expect(await told(logs, 1)).toEqual(['m-2 b'])
})

test('where more are asked for, logs of instances that ended before the daemon began come first', async () => {
  const { state, logs } = await house()
  await write(keptPath(state, 'old-1'), 'first\nsecond\n', 1)
  await write(keptPath(state, 'old-2'), 'fourth\n', 2)
  await write(`${keptPath(state, 'old-2')}.1`, 'third\n', 2)
  // These are in memory, and must not be told twice.
  await write(keptPath(state, 'm-1'), 'fifth\n', 3)
  await write(instanceLog(state, 'm-2').files[0] ?? '', 'sixth\n', 4)
  starts(logs, 'm-1')
  logs.say('m', 'fifth')
  starts(logs, 'm-2')
  logs.say('m', 'sixth')
  expect(await told(logs, 5)).toEqual(['old-1 second', 'old-2 third', 'old-2 fourth', 'm-1 fifth', 'm-2 sixth'])
  expect(await told(logs, 100)).toHaveLength(6)
})

test('of an instance whose beginning was not heard, and of one that said too much, the files tell', async () => {
  const { state, logs } = await house('adopted')
  await write(instanceLog(state, 'adopted').files[0] ?? '', 'before\r\nafter\n')
  logs.say('m', 'after')
  expect(await told(logs, 100)).toEqual(['adopted before', 'adopted after'])

  const much = await house('m-1')
  starts(much.logs, 'm-1')
  for (let count = 0; count < 2_500; count += 1) much.logs.say('m', String(count))
  await write(instanceLog(much.state, 'm-1').files[0] ?? '', Array.from({ length: 2_500 }, (_, n) => `${n}\n`).join(''))
  expect(await told(much.logs, 2_200)).toHaveLength(2_200)
  expect((await much.logs.tail('m', { lines: 2_000, since: undefined }))[0]).toMatchObject({ line: '500', at: STARTED })
})

test('a model that never spoke has no lines', async () => {
  const { logs } = await house(null)
  expect(await told(logs, 10)).toEqual([])
  expect(await told(logs, 10, 0)).toEqual([])
})
