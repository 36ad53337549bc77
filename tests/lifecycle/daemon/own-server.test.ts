import { mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'
import { fakeEngineEvents } from '../../support/fake-engine.ts'

test('a server of one’s own runs where `cwd` says, under its own name, and answers what it is for', async () => {
  const place = makePlace()
  mkdirSync(place.file('home'))
  const keys = { cwd: 'home', capabilities: ['chat'], served_name: 'org/inner' }
  const models = fakeModel(place, 'm', [], keys)
  const daemon = await startDaemon({ models }, place)
  const refused = await daemon.ask('m', { path: '/v1/embeddings' })
  expect([refused.status, refused.json.error.code]).toEqual([404, 'unsupported_endpoint'])
  expect(refused.json.error.message).toContain('chat')
  expect(daemon.ofKind('started', 'm')).toEqual([])
  expect((await daemon.ask('m')).status).toBe(200)
  const [started] = seen('started')
  expect(started).toMatchObject({ cwd: realpathSync(place.file('home')) })
  expect(seen('request').map((each) => [each.path, each.model])).toEqual([['/v1/chat/completions', keys.served_name]])
  expect((await daemon.admin('/models/m')).json.capabilities).toEqual(['chat'])
  await daemon.end()

  function seen(event: string) {
    return fakeEngineEvents(place.file('m.record')).filter((each) => each.event === event)
  }
})

test('a server that is deaf to TERM ends by the signal that it obeys, after its stop command', async () => {
  const place = makePlace()
  const script = 'echo "told at $1"; pwd > "$2"; exit 3'
  const command = ['sh', '-c', script, 'stop', '{socket}', place.file('stopped')]
  const knobs = ['--ignore-term', '--stop-on', 'SIGINT']
  // A test's own time would be over before this grace is.
  const models = fakeModel(place, 'm', knobs, { stop: { signal: 'SIGINT', grace: '10m', command } })
  const daemon = await startDaemon({ models }, place)
  expect((await daemon.ask('m')).status).toBe(200)
  expect((await daemon.command('unload', 'm')).exit).toBe(0)
  await daemon.untilEvent('released', 'm')
  const events = fakeEngineEvents(place.file('m.record')).map(({ event }) => event)
  expect(events.slice(-2)).toEqual(['told', 'exit'])
  expect(events).not.toContain('term')
  expect(readFileSync(place.file('stopped'), 'utf8').trim()).toBe(realpathSync(place.directory))
  const { stdout } = await daemon.command('logs', 'm')
  expect(stdout).toMatch(/told at \/.*engine\.sock/)
  expect(stdout).toContain('[enginehouse: the stop command ended with exit code 3]')
  await daemon.end()
})

test('a stop command that does not end is not waited for beyond the grace, and is swept with the engine', async () => {
  const place = makePlace()
  const stop = { grace: '1s', command: ['sleep', '3600'] }
  const daemon = await startDaemon({ models: fakeModel(place, 'm', [], { stop }) }, place)
  expect((await daemon.ask('m')).status).toBe(200)
  await daemon.command('unload', 'm')
  await daemon.untilEvent('released', 'm')
  expect((await daemon.command('logs', 'm')).stdout).toContain('has not ended within 1s')
  expect(fakeEngineEvents(place.file('m.record')).map(({ event }) => event)).toContain('term')
  // Which looks for every process of the place.
  await daemon.end()
})
