import { cpSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test, type TestContext } from 'vitest'

import { writeTinyLlama } from '../fixtures/tiny-llama.ts'
import { makePlace, processesOf, startDaemon, type ManifestText, type Place } from '../support/daemon.ts'

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
    const core = processesOf(place).find(({ cmdline }) => cmdline.includes('::EngineCore'))
    process.kill(core?.pid ?? Number.NaN, 'SIGKILL')
    expect((await daemon.untilEvent('crashed', 'm')).evidence).toMatchObject({ code: 0, class: 'engine_dead' })
    expect((await daemon.ask(body)).status).toBe(200)
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
