import { existsSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { writeWeightsDirectory } from '../../fixtures/safetensors.ts'
import { killIfThere, makePlace, startDaemon, type ManifestText, type Place } from '../../support/daemon.ts'
import { fakeEvents, installFake, untilFakeEvent } from '../../support/fake-programs.ts'
import { untilTrue } from '../../support/gates.ts'
import { isLiving } from '../../support/sweep.ts'

const record = (place: Place): string => place.file('record')
const pathWith = (place: Place): { PATH: string } => ({ PATH: `${place.file('bin')}:${process.env['PATH'] ?? ''}` })

function manifest(place: Place, engine: ManifestText, keys: ManifestText = {}, knobs = ''): ManifestText {
  const source = `file:${writeWeightsDirectory(place.file('weights'))}`
  const env = { FAKE_TGI: `--record ${record(place)} ${knobs}`, FAKE_DOCKER: place.file('containers') }
  return { engines: { tgi: engine }, models: { m: { engine: 'tgi', gpus: 'none', source, env, ...keys } } }
}

function byPath(place: Place, keys: ManifestText = {}, knobs = ''): ManifestText {
  return manifest(
    place,
    { path: installFake(place.file('bin'), 'text-generation-launcher', 'fake-tgi.mjs') },
    keys,
    knobs,
  )
}

/** An image, run by the fake docker; PATH finds it. */
function byImage(place: Place, image = 'tgi:3', knobs = ''): ManifestText {
  installFake(place.file('bin'), 'docker', 'fake-docker.mjs')
  mkdirSync(place.file('containers'))
  // Its environment is not the instance's, so that the place's own search does not find it.
  onTestFinished(() => fakeEvents(record(place)).forEach(({ pid }) => killIfThere(pid)))
  return manifest(place, { image }, {}, knobs)
}

test('by its launcher: it starts, answers, streams, and ends whole', async () => {
  const place = makePlace()
  const daemon = await startDaemon(byPath(place, { context: 1024, args: { quantize: 'eetq' } }), place)
  expect(await daemon.ask('m')).toMatchObject({ status: 200, json: { choices: [{ message: { content: 'w1 w2 ' } }] } })
  const stream = daemon.stream('m')
  await stream.until('data: [DONE]')
  expect(stream.received).toContain('"content":"w2 "')
  const [{ argv = [], env = {} } = {}] = fakeEvents(record(place))
  const valueOf = (flag: string): string | undefined => argv[argv.indexOf(flag) + 1]
  expect(valueOf('--model-id')).toBe(place.file('weights'))
  expect([valueOf('--max-total-tokens'), valueOf('--max-input-tokens')]).toEqual(['1024', '1023'])
  expect(new Set(['--port', '--master-port', '--prometheus-port'].map(valueOf)).size).toBe(3)
  expect(env).toMatchObject({ HF_HUB_OFFLINE: '1' })
  expect(Object.keys(env)).not.toContain('API_KEY')

  await daemon.admin('/models/unload', { model: 'm' })
  await daemon.untilEvent('released', 'm')
  const events = fakeEvents(record(place))
  expect(events.at(-1)).toMatchObject({ event: 'exit', code: 0 })
  expect(events.filter(({ event }) => event === 'term')).toHaveLength(1)
  expect(events.filter(({ pid }) => isLiving(pid))).toEqual([])
  await daemon.end()
})

test('two models have sockets of their own, and neither removes the shard of the other', async () => {
  const place = makePlace()
  const { engines, models } = byPath(place) as { engines: ManifestText; models: { m: ManifestText } }
  const daemon = await startDaemon({ engines, models: { m: models.m, n: models.m } }, place)
  const answers = await Promise.all([daemon.ask('m'), daemon.ask('n')])
  expect(answers.map(({ status }) => status)).toEqual([200, 200])
  const launches = fakeEvents(record(place)).filter(({ event }) => event === 'started')
  const sockets = launches.map(({ argv = [] }) => `${argv[argv.indexOf('--shard-uds-path') + 1]}-0`)
  expect(new Set(sockets).size).toBe(2)
  expect(sockets.map((path) => existsSync(path))).toEqual([true, true])
  await daemon.end()
})

test('a shard that dies is a crash, and children in groups of their own are not left', async () => {
  const place = makePlace()
  const daemon = await startDaemon(byPath(place), place)
  expect((await daemon.ask('m')).status).toBe(200)
  process.kill((await untilFakeEvent(record(place), 'shard')).pid, 'SIGKILL')
  expect((await daemon.untilEvent('crashed', 'm')).evidence).toMatchObject({ code: 1, during: 'ready' })
  await daemon.untilEvent('released', 'm')
  expect(fakeEvents(record(place)).filter(({ pid }) => isLiving(pid))).toEqual([])
  await daemon.end()
})

test('a launcher that is killed leaves a shard and a router, which are found by their session', async () => {
  const place = makePlace()
  const daemon = await startDaemon(byPath(place), place)
  expect((await daemon.ask('m')).status).toBe(200)
  process.kill(await daemon.pidOf('m'), 'SIGKILL')
  await daemon.untilEvent('released', 'm')
  expect(fakeEvents(record(place)).filter(({ pid }) => isLiving(pid))).toEqual([])
  await daemon.end()
})

test('as a container: named and labelled, given its variables by name, and stopped by its name', async () => {
  const place = makePlace()
  const daemon = await startDaemon(byImage(place), place, pathWith(place))
  expect(await daemon.ask('m')).toMatchObject({ status: 200 })
  const { id } = (await daemon.admin('/models/m')).json.instance
  const [name = ''] = (await daemon.admin('/models/m')).json.instance.argv.slice(3)
  expect(name).toMatch(new RegExp(`^enginehouse-${id}-[0-9a-f]{8}$`))
  const container = JSON.parse(readFileSync(join(place.file('containers'), `${name}.json`), 'utf8'))
  expect(container).toMatchObject({
    image: 'tgi:3',
    env: { ENGINEHOUSE_NONCE: expect.any(String), HF_HUB_OFFLINE: '1' },
  })
  const weights = place.file('weights')
  expect(container.options).toEqual(
    expect.arrayContaining([
      ['--rm', true],
      ['--pull', 'never'],
      ['--label', `enginehouse.instance=${id}`],
      ['--label', 'enginehouse.model=m'],
      ['--network', 'host'],
      ['--mount', `type=bind,source=${weights},target=/${name},readonly`],
    ]),
  )
  await daemon.admin('/models/unload', { model: 'm' })
  await daemon.untilEvent('released', 'm')
  expect(readFileSync(join(place.file('containers'), `${name}.stopped.json`), 'utf8')).toBe('22\n')
  expect(fakeEvents(record(place)).filter(({ pid }) => isLiving(pid))).toEqual([])
  await daemon.end()
})

test.each([
  ['found by its nonce', 'tgi:3'],
  ['stopped by its name, though its processes are not to be seen', 'opaque:1'],
])('a container whose client is killed is %s', async (_how, image) => {
  const place = makePlace()
  const daemon = await startDaemon(byImage(place, image), place, pathWith(place))
  expect((await daemon.ask('m')).status).toBe(200)
  const leader = await daemon.pidOf('m')
  const started = await untilFakeEvent(record(place), 'started')
  process.kill(-leader, 'SIGKILL')
  await daemon.untilEvent('released', 'm')
  await untilTrue(() => !isLiving(started.pid))
  expect(fakeEvents(record(place)).filter(({ pid }) => isLiving(pid))).toEqual([])
  await daemon.end()
})

test('a container that a killed daemon left is stopped by its name when the next one starts', async () => {
  const place = makePlace()
  const daemon = await startDaemon(byImage(place, 'opaque:1'), place, pathWith(place))
  expect((await daemon.ask('m')).status).toBe(200)
  const started = await untilFakeEvent(record(place), 'started')
  const leader = await daemon.pidOf('m')
  daemon.program.signal('SIGKILL')
  await daemon.program.exited
  process.kill(-leader, 'SIGKILL')
  expect(isLiving(started.pid)).toBe(true)
  const next = await startDaemon(manifest(place, { image: 'opaque:1' }), place, pathWith(place))
  await next.untilEvent('leftover', 'm')
  await untilTrue(() => !isLiving(started.pid))
  await next.end()
})

test('unloaded while it starts, a container is stopped as well', async () => {
  const place = makePlace()
  const daemon = await startDaemon(
    byImage(place, 'tgi:3', `--ready-gate ${place.file('never')}`),
    place,
    pathWith(place),
  )
  const asked = daemon.ask('m')
  await untilFakeEvent(record(place), 'shard')
  await daemon.admin('/models/unload', { model: 'm' })
  expect((await asked).status).toBe(503)
  await daemon.untilEvent('released', 'm')
  expect(fakeEvents(record(place)).filter(({ pid }) => isLiving(pid))).toEqual([])
  await daemon.end()
})

test('an image that is not there is told with the command that fetches it', async () => {
  const place = makePlace()
  const daemon = await startDaemon(byImage(place, 'absent:1'), place, pathWith(place))
  const answer = await daemon.ask('m')
  expect(answer.status).toBe(503)
  expect(answer.json.error.message).toContain('docker pull absent:1')
  await daemon.end()
})
