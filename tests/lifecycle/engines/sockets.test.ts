import { spawnSync } from 'node:child_process'
import { rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { createServer as createPlainServer, type Server } from 'node:net'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { fakeModel, makePlace, startDaemon, type ManifestText, type Place } from '../../support/daemon.ts'
import { fakeEngineArgv, fakeEngineEvents, untilEvent } from '../../support/fake-engine.ts'
import { isLiving } from '../../support/sweep.ts'

/** On a port of its own, not a socket file; it listens once the file `NAME.gate` is there. */
function onPort(place: Place, name: string, keys: ManifestText = {}, knobs: readonly string[] = []): ManifestText {
  const files = ['--record', place.file(`${name}.record`), '--ready-gate', place.file(`${name}.gate`)]
  const command = fakeEngineArgv('--listen', '{port}', '--name', name, ...files, ...knobs)
  return { [name]: { engine: 'command', command, gpus: 'none', ...keys } }
}

/** The port that an engine was given with its first launch. */
async function givenPort(place: Place, name: string): Promise<number> {
  const { argv = [] } = await untilEvent(place.file(`${name}.record`), 'started')
  return Number(argv[argv.indexOf('--listen') + 1])
}

/** Listens where an engine was to, before it does. */
async function take(server: Server, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => server.once('error', reject).listen(port, '127.0.0.1', resolve))
  onTestFinished(() => void server.close())
}

test('somebody else who answers at the address of an engine is not taken for it, and sees no key', async () => {
  const place = makePlace()
  const models = { ...onPort(place, 'm', { start: { attempts: 1, window: '1h' } }), ...fakeModel(place, 'good') }
  const daemon = await startDaemon({ models }, place)
  const asked = daemon.ask('m')
  const shown: (string | undefined)[] = []
  const stranger = createServer((request, response) => {
    shown.push(request.headers.authorization)
    response.end('{"status":"ok"}')
  })
  await take(stranger, await givenPort(place, 'm'))
  const answer = await asked
  expect(answer).toMatchObject({ status: 503, json: { error: { code: 'model_failed' } } })
  expect(answer.json.error.message).toContain('another process listens at the address that this engine was given')
  expect(daemon.ofKind('crashed', 'm')[0]?.evidence).toMatchObject({ class: 'wrong_identity', during: 'starting' })
  expect(new Set(shown)).toEqual(new Set([undefined]))
  expect((await daemon.ask('good')).status).toBe(200)
  await daemon.untilEvent('released', 'm')
  expect(stranger.listening).toBe(true)
  await daemon.end()
})

test('a port that is gone when the engine comes to it: it is started at once on another', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: { ...onPort(place, 'm'), ...fakeModel(place, 'good') } }, place)
  const asked = daemon.ask('m')
  const port = await givenPort(place, 'm')
  // It takes connections and says nothing: the probe that hangs at it must not hide the engine's end.
  await take(createPlainServer(), port)
  writeFileSync(place.file('m.gate'), '')
  expect((await asked).status).toBe(200)
  const [crash] = daemon.ofKind('crashed', 'm')
  expect(crash?.evidence).toMatchObject({ class: 'port_in_use', during: 'starting', attempt: 1 })
  expect(crash?.evidence.retry_at).toBe(crash?.at)
  const ports = fakeEngineEvents(place.file('m.record'))
    .filter(({ event }) => event === 'started')
    .map(({ argv = [] }) => Number(argv[argv.indexOf('--listen') + 1]))
  expect(ports).toHaveLength(2)
  expect(ports[1]).not.toBe(port)
  expect((await daemon.ask('good')).status).toBe(200)
  await daemon.end()
})

test('a socket that a child of a dead engine holds is neither waited for nor asked', async () => {
  const place = makePlace()
  const broken = place.file('broken')
  writeFileSync(broken, '')
  writeFileSync(place.file('m.gate'), '')
  const knobs = ['--keep-socket', '--exit-at', 'request', '--exit-while', broken]
  const daemon = await startDaemon({ models: { ...onPort(place, 'm', {}, knobs), ...fakeModel(place, 'good') } }, place)
  expect(await daemon.ask('m')).toMatchObject({ status: 502, json: { error: { code: 'engine_crashed' } } })
  const { child: holder = 0 } = await untilEvent(place.file('m.record'), 'child')
  rmSync(broken)
  // Whoever came before its end was seen would have been cut off at that socket.
  await daemon.untilEvent('crashed', 'm')
  expect((await daemon.ask('m')).status).toBe(200)
  expect(daemon.ofKind('started', 'm')).toHaveLength(2)
  expect((await daemon.ask('good')).status).toBe(200)
  await daemon.untilEvent('released', 'm')
  expect(isLiving(holder)).toBe(false)
  await daemon.end()
})

test('an engine that lives and does not listen any more is replaced after two requests, not after its probes', async () => {
  const place = makePlace()
  const gate = place.file('tokens')
  const models = { ...fakeModel(place, 'm', ['--token-gate', gate]), ...fakeModel(place, 'good') }
  const daemon = await startDaemon({ models }, place)
  // It holds the one connection that there is, so that the next request needs another.
  const held = daemon.stream('m')
  await held.until('w1 ')
  const { id, pid } = (await daemon.admin('/models/m')).json.instance
  rmSync(join(place.state, 'run', id, 'engine.sock'))
  for (const _ of [1, 2]) {
    const answer = await daemon.ask('m')
    expect([answer.status, answer.json.error.code]).toEqual([502, 'engine_crashed'])
    expect(answer.json.error.message).toContain('accepts no connection')
    expect((await daemon.ask('good')).status).toBe(200)
  }
  expect((await daemon.untilEvent('crashed', 'm')).evidence).toMatchObject({ class: 'unhealthy', during: 'ready' })
  await held.closed
  writeFileSync(gate, '')
  expect((await daemon.ask('m')).status).toBe(200)
  expect(await daemon.pidOf('m')).not.toBe(pid)
  await daemon.untilEvent('released', 'm')
  expect(isLiving(pid)).toBe(false)
  await daemon.end()
})

/** Few shells can name a descriptor above 9. */
const noBash = spawnSync('bash', ['-c', '']).status !== 0

test.skipIf(noBash)('an engine gets no descriptor of the daemon, nor of whoever started the daemon', async () => {
  const place = makePlace()
  const models = { ...fakeModel(place, 'first'), ...fakeModel(place, 'second') }
  // As a shell, a test runner or a service leaves them open for what it starts: one low, one high.
  const leak = 'exec bash -c \'exec 5>"$HOME/low" 99>"$HOME/high"; exec "$0" "$@"\' "$0" "$@"'
  const daemon = await startDaemon({ models }, place, {}, leak)
  // The second is started while the daemon has a client, an engine and logs open.
  const stream = daemon.stream('first')
  await stream.until('data: [DONE]')
  expect((await daemon.ask('second')).status).toBe(200)
  for (const name of ['first', 'second']) {
    const [started] = fakeEngineEvents(place.file(`${name}.record`))
    const { descriptors = {} } = started ?? {}
    expect(Object.keys(descriptors), JSON.stringify(descriptors)).toEqual(['0', '1', '2'])
    expect(descriptors['0']).toBe('/dev/null')
    expect(descriptors['1']).toMatch(/\/engine\.log$/)
    expect(descriptors['2']).toBe(descriptors['1'])
  }
  await daemon.end()
})
