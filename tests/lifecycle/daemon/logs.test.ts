import { chmodSync, mkdirSync, readdirSync, readFileSync, rmdirSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { fakeEngineEvents } from '../../support/fake-engine.ts'
import { textOf, untilTrue } from '../../support/gates.ts'

const PROMPT = 'a secret prompt'
const ESCAPE = '\u001b]0;pwned\u0007'

test('one id leads from the client over both logs and the journal to the engine, and no prompt with it', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place)
  const question = { model: 'm', messages: [{ role: 'user', content: PROMPT }] }
  const headers = { 'x-request-id': 'from-the-client', 'user-agent': 'tester/1' }
  const answer = await daemon.ask(question, { headers })
  expect(answer.headers['x-request-id']).toBe('from-the-client')
  expect((await daemon.ask(`nobody${ESCAPE}`, { headers: { 'user-agent': 'x'.repeat(1000) } })).status).toBe(404)
  await daemon.command('logs', '--level', 'debug', '--json')
  await daemon.end()

  const read = (name: string): string => readFileSync(join(place.state, 'logs', name), 'utf8')
  const lines = read('access.log')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  const [asked, refused] = lines.filter(({ route }) => route === '/v1/chat/completions')
  expect(asked).toMatchObject({ client_request: 'from-the-client', status: 200, agent: 'tester/1', output_tokens: 8 })
  expect(asked.cold_start_ms).toBeGreaterThan(0)
  expect(refused).toMatchObject({ status: 404, outcome: 'refused', code: 'model_not_found', agent: 'x'.repeat(200) })
  expect(lines).toContainEqual(expect.objectContaining({ route: '/api/v1/logs/level', client: 'local', status: 200 }))
  const [request] = fakeEngineEvents(place.file('m.record')).filter(({ event }) => event === 'request')
  expect(request?.headers?.['x-request-id']).toBe('from-the-client')
  expect(daemon.ofKind('wanted')[0]?.evidence.request).toBe(asked.request)

  const everything = read('access.log') + read('daemon.log') + daemon.program.stderr
  expect(everything).not.toContain(PROMPT)
  // oxlint-disable-next-line no-control-regex
  expect(everything).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/)
  // What was said on standard error is what the file has.
  expect(read('daemon.log').startsWith(daemon.program.stderr.split('\n')[0] ?? '')).toBe(true)
})

test('what engines said is told over restarts of engine and daemon, and the daemon’s own log without a daemon', async () => {
  const place = makePlace()
  const first = await startDaemon({ models: fakeModel(place, 'm') }, place)
  await first.ask('m')
  await first.command('unload', 'm')
  await first.ask('m')
  const told = await first.command('logs', 'm')
  expect(told.stdout.match(/^main: model loaded$/gm)).toHaveLength(2)
  expect(told.stdout).toMatch(/^\[enginehouse: from here on m-\w+\]$/m)
  await first.end()

  const own = await first.command('logs', '--since', '1h')
  expect(own).toMatchObject({ exit: 0 })
  expect(own.stdout).toContain(`Listening on ${first.url}.`)
  expect((await first.command('logs', 'm')).exit).toBe(5)

  const second = await startDaemon({ models: fakeModel(place, 'm') }, place)
  await second.ask('m')
  const all = await second.command('logs', 'm', '--lines', '1000')
  expect(all.stdout.match(/^main: model loaded$/gm)).toHaveLength(3)
  const since = await second.command('logs', 'm', '--since', '1h')
  expect(since.stdout.match(/^main: model loaded$/gm)).toHaveLength(1)
  await second.end()
})

test('a level that is set while the daemon runs holds at once', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place, { ENGINEHOUSE_LOG_LEVEL: 'error' })
  await daemon.ask('m')
  expect(await daemon.command('logs', '--level', 'info')).toMatchObject({
    exit: 0,
    stdout: 'The daemon logs from info on; it was error.\n',
  })
  await daemon.ask('m')
  const access = join(place.state, 'logs', 'access.log')
  await untilTrue(() => textOf(access).includes('/v1/chat/completions'))
  expect(readFileSync(access, 'utf8').match(/chat\/completions/g)).toHaveLength(1)
  await daemon.end()
  expect(daemon.program.stderr).toContain('Lines are logged from info on; it was error.')
  expect(daemon.program.stderr).not.toContain('Listening on')
})

test('a log and a standard error that cannot be written hold nobody up, and each is told on the other', async () => {
  const place = makePlace()
  mkdirSync(join(place.state, 'logs', 'access.log'), { recursive: true, mode: 0o700 })
  chmodSync(join(place.state, 'logs'), 0o700)
  const models = fakeModel(place, 'm')
  const daemon = await startDaemon({ models }, place, {}, 'exec "$0" "$@" 2>/dev/full')
  for (let count = 0; count < 20; count += 1) expect((await daemon.ask('m')).status).toBe(200)
  const log = join(place.state, 'logs', 'daemon.log')
  await untilTrue(() =>
    /access\.log cannot be written: illegal operation on a directory/.test(readFileSync(log, 'utf8')),
  )
  const text = readFileSync(log, 'utf8')
  expect(text.match(/The log standard error cannot be written: no space left on device/g)).toHaveLength(1)
  expect(text.match(/access\.log cannot be written/g)).toHaveLength(1)
  // The way is free again: what waited is in it.
  rmdirSync(join(place.state, 'logs', 'access.log'))
  await daemon.end()
  expect(readFileSync(join(place.state, 'logs', 'access.log'), 'utf8').match(/chat\/completions/g)).toHaveLength(20)
})

test('where standard error is the journal no files are kept, and each line has its priority', async () => {
  const place = makePlace()
  const shell = 'JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$0" "$@"'
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place, {}, shell)
  await daemon.ask('m')
  await daemon.program.until('stderr', '"route":"/v1/chat/completions"')
  const lines = daemon.program.stderr.split('\n').filter((line) => line !== '')
  expect(lines.filter((line) => !/^<[3467]>\{/.test(line))).toEqual([])
  expect((await daemon.command('logs')).stdout).toContain(`Listening on ${daemon.url}.`)
  expect(readdirSync(join(place.state, 'logs')).filter((name) => name.endsWith('.log'))).toEqual([])
  await daemon.end()
})

test('a JOURNAL_STREAM that was inherited, and is not where standard error leads, changes nothing', async () => {
  const place = makePlace()
  const daemon = await startDaemon({ models: fakeModel(place, 'm') }, place, {
    JOURNAL_STREAM: '1:2',
    INVOCATION_ID: 'x',
  })
  await daemon.end()
  expect(daemon.program.stderr).toMatch(/^\{/)
  expect(readFileSync(join(place.state, 'logs', 'daemon.log'), 'utf8')).toContain('Listening on')
})
