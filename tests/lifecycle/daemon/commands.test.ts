import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { runCommand, startCommand } from '../../support/cli.ts'
import { fakeModel, makePlace, runProgram, startDaemon } from '../../support/daemon.ts'

const MIB = 2 ** 20

test('load, ps, status and unload tell what INTERFACE promises', async () => {
  const place = makePlace()
  const gate = place.file('tokens')
  const models = {
    ...fakeModel(place, 'm', ['--token-gate', gate], { memory: '64MiB', aliases: ['default'], ttl: '10m' }),
    ...fakeModel(place, 'n'),
  }
  const daemon = await startDaemon({ memory: { host: '1GiB' }, models }, place)
  const idle = await daemon.command('ps', '--json')
  expect(idle).toMatchObject({ exit: 0, json: { models: [] } })

  const plan = await daemon.command('load', 'm', '--dry-run', '--json')
  expect(plan.exit).toBe(0)
  expect(daemon.ofKind('started')).toEqual([])

  const load = await daemon.command('load', 'default', '--wait', '--json')
  expect(load.exit, load.stdout).toBe(0)
  const pid = await daemon.pidOf('m')
  expect(load.json).toMatchObject({
    decision: { action: expect.stringMatching(/^(start|wait)$/) as string, evict: [] },
    model: {
      id: 'm',
      engine: 'command',
      phase: 'ready',
      status: { value: 'loaded' },
      aliases: ['default'],
      devices: ['host'],
      claim: { host: { bytes: 64 * MIB, origin: 'declared' } },
      instance: { pid, argv: expect.arrayContaining(['--name', 'm']) as string[] },
      leases: 0,
      failure: null,
      load_seconds: { last: expect.any(Number) as number, learned: expect.any(Number) as number },
    },
  })
  const again = await daemon.command('load', 'm', '--json')
  expect(again.json.decision.action).toBe('already')
  expect((await daemon.command('ps', '--json')).json.models.map(({ id }: { id: string }) => id)).toEqual(['m'])

  const stream = daemon.stream('m')
  await stream.until('w1 ')
  const status = await daemon.command('status', '--json')
  expect(status.json.daemon).toMatchObject({
    pid: daemon.program.pid,
    listen: daemon.url,
    manifest: place.manifest,
    stage: 'serving',
    models: { total: 2, loaded: 1, loading: 0, failed: 0 },
    waiting: 0,
  })
  expect(status.json.devices).toMatchObject([
    {
      id: 'host',
      claims: [{ model: 'm', bytes: 64 * MIB, phase: 'ready' }],
      free: 960 * MIB,
      quarantined: 0,
    },
  ])
  expect(status.json.models).toMatchObject([
    { id: 'm', leases: 1, unload_at: null },
    { id: 'n', phase: 'absent', instance: null, leases: 0 },
  ])
  expect(status.json.queue).toEqual([])

  // An unload lets running answers finish.
  const unload = daemon.command('unload', 'm', '--json')
  await daemon.untilEvent('stopping', 'm')
  writeFileSync(gate, '')
  await stream.until('data: [DONE]')
  expect(await unload).toMatchObject({ exit: 0, json: { decision: { action: 'unload' }, model: { phase: 'absent' } } })
  expect((await daemon.untilEvent('released', 'm')).evidence.reason).toBe('operator')
  expect((await daemon.command('unload', 'm', '--json')).json.decision.action).toBe('already')
  await daemon.end()
})

test('events and logs follow until they are interrupted, and load says what a model lacks', async () => {
  const place = makePlace()
  const models = { ...fakeModel(place, 'm'), ...fakeModel(place, 'large', [], { memory: '2GiB' }) }
  const daemon = await startDaemon({ memory: { host: '1GiB' }, models }, place)
  const environment = { ENGINEHOUSE_STATE_DIR: place.state }
  const events = startCommand(['events', '-f', '--json'], { environment })
  await events.until('stdout', '"kind":"daemon_started"')
  const logs = startCommand(['logs', 'm', '-f'], { environment })
  expect((await daemon.ask('m')).status).toBe(200)
  await Promise.all([events.until('stdout', '"kind":"ready"'), logs.until('stdout', 'main: model loaded')])
  for (const command of [events, logs]) command.signal('SIGINT')
  const [told, said] = await Promise.all([events.ended, logs.ended])
  expect([told.exit, said.exit]).toEqual([130, 130])
  const records = told.stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  expect(records.map(({ seq }) => seq)).toEqual(records.map((_, index) => index + 1))
  for (const record of records)
    expect(Object.keys(record)).toEqual(expect.arrayContaining(['seq', 'at', 'kind', 'cause', 'evidence']))

  const refused = await daemon.command('load', 'large', '--json')
  expect(refused.exit).toBe(4)
  const unknown = await daemon.command('load', 'n', '--json')
  expect(unknown).toMatchObject({ exit: 6, json: { error: { code: 'model_not_found' } } })
  await daemon.end()
  expect(await daemon.command('ps', '--json')).toMatchObject({
    exit: 5,
    json: { error: { code: 'daemon_unreachable' } },
  })
})

test('the program itself is a client of its daemon', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place)
  const run = await runProgram(['run', 'm', 'hi'], place).exited
  expect(run).toMatchObject({ exit: 0, stdout: expect.stringContaining('w1 w2 w3 w4 w5 w6 w7 w8') as string })
  expect((await runProgram(['ps'], place).exited).stdout).toMatch(/^m /m)
  await daemon.end()
})

test('restart gives a model a new process, and loads one that is not there', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place)
  const first = await daemon.command('restart', 'm', '--json')
  expect(first).toMatchObject({ exit: 0, json: { decision: { action: 'start' }, model: { phase: 'ready' } } })
  const pid = await daemon.pidOf('m')
  const dry = await daemon.command('restart', 'm', '--dry-run', '--json')
  expect([dry.json.decision.action, await daemon.pidOf('m')]).toEqual(['restart', pid])
  const again = await daemon.command('restart', 'm', '--json')
  expect(again).toMatchObject({ exit: 0, json: { decision: { action: 'restart' }, model: { phase: 'ready' } } })
  expect(await daemon.pidOf('m')).not.toBe(pid)
  expect((await daemon.command('restart', 'n', '--json')).exit).toBe(6)
  expect((await daemon.command('devices', 'clear', 'host', '--json')).json).toMatchObject({
    cleared: [],
    device: { id: 'host' },
  })
  await daemon.end()
})

test('explain --at tells how it stood then', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place)
  await daemon.command('load', 'm', '--json')
  const ready = await daemon.untilEvent('ready', 'm')
  await daemon.command('unload', 'm', '--json')
  const then = await daemon.command('explain', 'm', '--at', new Date(ready.at).toISOString(), '--json')
  expect(then).toMatchObject({
    exit: 0,
    json: { summary: expect.stringContaining('m has been ready since') as string },
  })
  expect((await daemon.command('explain', 'm', '--json')).json.summary).toContain('m was unloaded')
  await daemon.end()
})

test('a command reaches the daemon by its URL, where its state directory is not known', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place)
  const elsewhere = makePlace()
  const environment = { ENGINEHOUSE_STATE_DIR: elsewhere.state }
  expect((await runCommand(['ps'], { environment })).exit).toBe(5)
  const load = await runCommand(['load', 'm', '--host', daemon.url], { environment })
  expect(load).toMatchObject({ exit: 0, stdout: expect.stringContaining('m is ready in') as string })
  const named = { ...environment, ENGINEHOUSE_HOST: daemon.url }
  expect((await runCommand(['run', 'm', 'hi'], { environment: named })).stdout).toContain('w1 w2 w3')
  await daemon.end()
})
