import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import { beforeAll, expect, test } from 'vitest'

import { chat, makePlace, processesOf, startDaemon, type Daemon, type Place } from '../support/daemon.ts'
import { untilTrue } from '../support/gates.ts'
import { installLlamaServer, llamaServer, tinyModel } from '../support/llama-server.ts'

/* Every way in which a real engine ends, each looked at from outside: nothing of it is left. */

const INSTALL_LIMIT = 10 * 60_000
/** Longer than any of these tests. */
const LONG = { ignore_eos: true, max_tokens: 60_000 }
const WEIGHTS = { context: 131_072 }

beforeAll(() => installLlamaServer().then(() => undefined), INSTALL_LIMIT)

/** No process, no launch record, no socket; and of shared memory, which would outlive it, it had none. */
async function expectNothingOf(place: Place, maps: string): Promise<void> {
  const run = join(place.state, 'run')
  await untilTrue(() => processesOf(place).length === 0 && readdirSync(run).length === 0)
  expect(readFileSync('/proc/net/unix', 'utf8')).not.toContain(run)
  expect(maps).not.toMatch(/\/dev\/shm|SYSV/)
}

function isAnswered({ first_byte_ms: firstByte }: { readonly first_byte_ms: number | null }): boolean {
  return firstByte !== null
}

async function ready(daemon: Daemon): Promise<{ pid: number; maps: string }> {
  expect((await daemon.ask({ ...chat('m'), max_tokens: 1 })).status).toBe(200)
  const pid = await daemon.pidOf('m')
  return { pid, maps: readFileSync(`/proc/${pid}/maps`, 'utf8') }
}

test('killed, crashed or told to end from outside, with an answer on its way', async (context) => {
  const path = await llamaServer(context)
  const place = makePlace()
  // Told to end, it goes on until it cannot write to its client: with a ping a second that is soon.
  const keys = { context: '64k', args: { 'sse-ping-interval': 1 }, start: { attempts: 10, window: '1h' } }
  const daemon = await startDaemon(
    { engines: { 'llama-server': { path } }, models: tinyModel(place, 'm', keys, WEIGHTS) },
    place,
  )
  for (const [count, [signal, failure]] of (
    [
      ['SIGKILL', 'host_oom'],
      ['SIGSEGV', 'engine_dead'],
      ['SIGTERM', 'exited'],
    ] as const
  ).entries()) {
    const { pid, maps } = await ready(daemon)
    const plain = daemon.ask({ ...chat('m'), ...LONG })
    await untilTrue(async () => (await daemon.admin('/requests')).json.requests.some(isAnswered))
    process.kill(pid, signal)
    const answer = await plain
    expect(answer, signal).toMatchObject({ status: 502, json: { error: { code: 'engine_crashed' } } })
    const { evidence } = await daemon.untilEvent('crashed', 'm', count + 1)
    expect(evidence, signal).toMatchObject({ class: failure })
    await expectNothingOf(place, maps)
  }
  await daemon.end()
})

test('unloaded idle, in the middle of an answer, and while it loads', async (context) => {
  const path = await llamaServer(context)
  const place = makePlace()
  const models = {
    ...tinyModel(place, 'm', { context: '64k' }, WEIGHTS),
    // Half a gibibyte of cache to be cleared: long enough to be met at it.
    ...tinyModel(place, 'slow', { context: 131_072, parallel: 8 }, WEIGHTS),
  }
  const daemon = await startDaemon({ engines: { 'llama-server': { path } }, models }, place)

  const idle = await ready(daemon)
  expect((await daemon.command('unload', 'm')).exit).toBe(0)
  await expectNothingOf(place, idle.maps)

  const busy = await ready(daemon)
  const stream = daemon.stream('m', { ignore_eos: true, max_tokens: 1000 })
  await stream.until('"content":"')
  expect((await daemon.admin('/models/unload', { model: 'm' })).status).toBe(200)
  await expectNothingOf(place, busy.maps)
  await stream.until('data: [DONE]')

  const load = daemon.command('load', 'slow')
  await daemon.untilEvent('started', 'slow')
  await untilTrue(() => processesOf(place).length === 1)
  const [loading] = processesOf(place)
  const maps = readFileSync(`/proc/${loading?.pid ?? 0}/maps`, 'utf8')
  expect((await daemon.command('unload', 'slow')).exit).toBe(0)
  await load
  expect(daemon.ofKind('ready', 'slow')).toEqual([])
  await expectNothingOf(place, maps)
  await daemon.end()
})
