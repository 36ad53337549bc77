import { cpSync, existsSync, readdirSync, statSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test, type TestContext } from 'vitest'

import { writeTinyLlama } from '../fixtures/tiny-llama.ts'
import { makePlace, processesOf, startDaemon, type Daemon, type ManifestText, type Place } from '../support/daemon.ts'
import { textOf, untilTrue } from '../support/gates.ts'

/**
 * On a real vLLM that was built for CPUs, where the variable ENGINEHOUSE_TEST_VLLM names its program: it is gigabytes, so
 * that no test installs it.
 */
const PROGRAM = process.env['ENGINEHOUSE_TEST_VLLM']
/** A directory that gets a copy of what the engine wrote. */
const LOGS = process.env['ENGINEHOUSE_TEST_VLLM_LOGS']
/** It imports for half a minute, and each process of it does. */
const LIMIT = 10 * 60_000

function manifest(context: TestContext, place: Place, models: Readonly<Record<string, ManifestText>>): ManifestText {
  if (!PROGRAM) return context.skip('ENGINEHOUSE_TEST_VLLM does not name a vLLM that was built for CPUs')
  const source = `file:${writeTinyLlama(place.file('weights'))}`
  const env = { VLLM_CPU_OMP_THREADS_BIND: 'nobind', OMP_NUM_THREADS: '1' }
  const args = { 'enforce-eager': true }
  const shared = { engine: 'vllm', gpus: 'none', source, env, args, concurrency: 4 }
  const whole = Object.entries(models).map(([name, keys]) => [name, { ...shared, ...keys }])
  return { engines: { vllm: { path: PROGRAM } }, models: Object.fromEntries(whole) }
}

function keepLogs(place: Place): void {
  if (LOGS) cpSync(join(place.state, 'logs/engines'), LOGS, { recursive: true })
}

/** The pid of one of its processes, by the title that it gives itself. */
function pidOf(place: Place, title: string): number {
  return processesOf(place).find(({ cmdline }) => cmdline.includes(title))?.pid ?? Number.NaN
}

/**
 * What its processes share in /dev/shm, as their maps say: files that are nobody else's. By inode, as the maker of a
 * semaphore goes on to know it by a passing name.
 */
function sharedBy(place: Place): readonly string[] {
  const inodes = processesOf(place).flatMap(({ pid }) =>
    [...textOf(`/proc/${pid}/maps`).matchAll(/ (\d+) +\/dev\/shm\//g)].map(([, inode]) => Number(inode)),
  )
  const names = readdirSync('/dev/shm').map((name) => `/dev/shm/${name}`)
  return names.filter((path) => inodes.includes(statSync(path, { throwIfNoEntry: false })?.ino ?? -1))
}

/** A daemon whose model `m` has answered once. */
async function startEngine(context: TestContext): Promise<{ daemon: Daemon; place: Place; shared: readonly string[] }> {
  const place = makePlace()
  const daemon = await startDaemon(manifest(context, place, { m: { context: 512 } }), place)
  expect((await daemon.ask('m')).status).toBe(200)
  const shared = sharedBy(place)
  expect(shared).not.toEqual([])
  return { daemon, place, shared }
}

/** Of that launch no process lives and nothing is in /dev/shm, seen from outside. */
async function expectGone(daemon: Daemon, place: Place, shared: readonly string[], launch = 1): Promise<void> {
  await daemon.untilEvent('released', 'm', launch)
  expect(processesOf(place)).toEqual([])
  expect(shared.filter((path) => existsSync(path))).toEqual([])
}

test(
  'chats, streams, keeps as many tokens as were claimed, dies with exit code 0 and comes back, and leaves nothing',
  async (context) => {
    const place = makePlace()
    const daemon = await startDaemon(manifest(context, place, { m: { context: 512, parallel: 4 } }), place)
    const body = { model: 'm', max_tokens: 4, messages: [{ role: 'user', content: 'hi' }] }
    const answer = await daemon.ask(body)
    expect(answer.status, answer.text).toBe(200)
    expect(answer.json).toMatchObject({ model: 'm', usage: { completion_tokens: 4 } })
    expect((await daemon.admin('/logs?model=m&lines=1000')).text).toContain('KV cache size: 2,048 tokens')

    const stream = daemon.stream('m', { max_tokens: 400 })
    await stream.until('data: ')
    process.kill(pidOf(place, '::EngineCore'), 'SIGKILL')
    expect((await daemon.untilEvent('crashed', 'm')).evidence).toMatchObject({ code: 0, class: 'engine_dead' })
    expect((await daemon.ask(body)).status).toBe(200)
    const shared = sharedBy(place)
    expect(shared).not.toEqual([])
    await daemon.end()
    expect(shared.filter((path) => existsSync(path))).toEqual([])
    keepLogs(place)
  },
  LIMIT,
)

test.for([
  ['killed', 'SIGKILL'],
  ['told to end by somebody else', 'SIGTERM'],
] as const)(
  'its front is %s: a crash, nothing of it stays, and the next request has a new one',
  { timeout: LIMIT },
  async ([, signal], context) => {
    const { daemon, place, shared } = await startEngine(context)
    process.kill(await daemon.pidOf('m'), signal)
    await daemon.untilEvent('crashed', 'm')
    await expectGone(daemon, place, shared)
    expect((await daemon.ask('m')).status).toBe(200)
    await daemon.end()
    keepLogs(place)
  },
)

test(
  'all of its processes are killed at once, so that none removes what they shared: it is removed',
  async (context) => {
    const { daemon, place, shared } = await startEngine(context)
    for (const { pid } of processesOf(place)) process.kill(pid, 'SIGKILL')
    await daemon.untilEvent('crashed', 'm')
    await expectGone(daemon, place, shared)
    await daemon.end()
    keepLogs(place)
  },
  LIMIT,
)

test(
  'the daemon is killed: the next one ends what it left, and what that shared is removed',
  async (context) => {
    const { daemon, place, shared } = await startEngine(context)
    daemon.program.signal('SIGKILL')
    await daemon.program.exited
    expect(processesOf(place)).not.toEqual([])
    const next = await startDaemon({ models: {} }, place)
    expect(processesOf(place)).toEqual([])
    expect(shared.filter((path) => existsSync(path))).toEqual([])
    await next.end()
  },
  LIMIT,
)

test(
  'unloaded, it ends by TERM and leaves nothing; unloaded while it starts too',
  async (context) => {
    const { daemon, place, shared } = await startEngine(context)
    await daemon.admin('/models/unload', { model: 'm' })
    await expectGone(daemon, place, shared)

    const asked = daemon.ask('m')
    await untilTrue(() => !Number.isNaN(pidOf(place, '::Worker')) && sharedBy(place).length > 0)
    const begun = sharedBy(place)
    await daemon.admin('/models/unload', { model: 'm' })
    expect((await asked).status).toBe(503)
    await expectGone(daemon, place, begun, 2)
    await daemon.end()
    keepLogs(place)
  },
  LIMIT,
)

test(
  'what it cannot do is told in the words of the manifest',
  async (context) => {
    const place = makePlace()
    const models = { long: { context: 65_536 }, small: { context: 2048, memory: '1GiB' } }
    const daemon = await startDaemon(manifest(context, place, models), place)
    const [long, small] = [await daemon.ask('long'), await daemon.ask('small')]
    expect(long.json.error.message).toContain('`context` asks for 65536 tokens, and the model was made for 2048')
    expect(small.json.error.message).toMatch(
      /one request of 2048 tokens needs .* set `context: \d+` or less, or more `memory`/,
    )
    await daemon.end()
    keepLogs(place)
  },
  LIMIT,
)
