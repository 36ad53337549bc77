import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test, vi } from 'vitest'

import type { AccessEntry } from '../../../src/telemetry/index.ts'
import { openLogs } from '../../../src/telemetry/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const ENTRY: AccessEntry = Object.freeze({
  request: 'req_1',
  clientRequest: null,
  method: 'POST',
  route: '/v1/chat/completions',
  model: 'm',
  instance: 'm-1',
  status: 200,
  outcome: 'complete',
  bytes: 362,
  queueMs: 0,
  coldStartMs: null,
  firstByteMs: 12.3456,
  totalMs: 34.56,
  usage: { input: 4, output: 60 },
  code: null,
  client: '127.0.0.1',
  agent: 'curl/8',
})

function openHere(level: 'debug' | 'info' | 'warn' | 'silent' = 'info') {
  const directory = temporaryDirectory()
  // What the writer of standard error says of itself is seen in tests of the daemon; here it is kept quiet.
  vi.spyOn(process.stderr, 'write').mockReturnValue(true)
  const logs = openLogs({ level, directory, stderr: 'terminal' })
  const read = (name: string) =>
    readFileSync(join(directory, name), 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line): unknown => JSON.parse(line))
  return { logs, read, text: (name: string) => readFileSync(join(directory, name), 'utf8') }
}

test('each of the two logs has its own file of JSON lines', async () => {
  const { logs, read } = openHere()
  logs.log.info({ model: 'm' }, 'a sentence')
  logs.access.write(ENTRY)
  await logs.close()
  expect(read('daemon.log')).toMatchObject([{ level: 'info', model: 'm', msg: 'a sentence' }])
  expect(read('access.log')).toEqual([
    {
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string,
      request: 'req_1',
      method: 'POST',
      route: '/v1/chat/completions',
      model: 'm',
      instance: 'm-1',
      status: 200,
      outcome: 'complete',
      bytes: 362,
      queue_ms: 0,
      first_byte_ms: 12.3,
      total_ms: 34.6,
      input_tokens: 4,
      output_tokens: 60,
      client: '127.0.0.1',
      agent: 'curl/8',
    },
  ])
})

test('the level holds from the moment that it is set, for access lines too', async () => {
  const { logs, read } = openHere('warn')
  expect([logs.level, logs.access.wanted, logs.access.probesWanted]).toEqual(['warn', false, false])
  logs.log.info({}, 'before')
  logs.level = 'debug'
  expect([logs.level, logs.access.wanted, logs.access.probesWanted]).toEqual(['debug', true, true])
  logs.log.debug({}, 'after')
  logs.level = 'silent'
  logs.log.error({}, 'never')
  await logs.close()
  expect(read('daemon.log')).toMatchObject([{ level_set: 'debug', was: 'warn' }, { msg: 'after' }, { was: 'debug' }])
})

test('the last lines are in memory, and a follower gets those that come', async () => {
  const { logs } = openHere()
  logs.log.info({}, 'one')
  const heard: string[] = []
  const stop = logs.follow((line) => heard.push(line))
  logs.log.info({}, 'two')
  stop()
  logs.log.info({}, 'three')
  const said = (lines: readonly string[]) => lines.map((line) => (JSON.parse(line) as { msg: string }).msg)
  expect(said(logs.recent())).toEqual(['one', 'two', 'three'])
  expect(said(heard)).toEqual(['two'])
  await logs.close()
})

/** What clients and engines may send: commands to a terminal, forged lines, text that runs backwards, no text at all. */
const NASTY = [
  ['a cleared screen', '\u001b[2J\u001b[H'],
  ['a window title', '\u001b]0;pwned\u0007'],
  ['a clipboard', '\u001b]52;c;cHduZWQ=\u0007'],
  ['C1 forms of the same', '\u009b2J\u009d0;pwned\u009c'],
  ['a forged line', 'x\n{"level":"error","msg":"forged"}'],
  ['a rewritten line', 'x\rlevel=info all is well'],
  ['backspaces', 'evil\b\b\b\bgood'],
  ['line separators', 'x\u2028y\u2029z\u0085'],
  ['turned text', '\u202egnp.exe\u2066'],
  ['a lone surrogate', '\ud800'],
  ['null and delete', '\u0000\u007f'],
  ['a megabyte', 'x'.repeat(1024 * 1024)],
] as const

test.each(NASTY)('%s in what a client sent does no harm in a log', async (_, nasty) => {
  const { logs, read, text } = openHere()
  logs.log.warn({ [nasty.slice(0, 20)]: nasty.slice(0, 1000) }, nasty.slice(0, 1000))
  logs.access.write({ ...ENTRY, agent: nasty, clientRequest: nasty.slice(0, 100), route: nasty.slice(0, 1000) })
  await logs.close()
  for (const name of ['daemon.log', 'access.log']) {
    expect(read(name)).toHaveLength(1)
    // oxlint-disable-next-line no-control-regex
    expect(text(name)).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]+\n$/)
  }
  const [entry] = read('access.log') as [{ agent: string }]
  expect(entry.agent).toBe(nasty.slice(0, 200))
})
