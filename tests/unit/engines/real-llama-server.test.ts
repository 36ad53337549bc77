import { spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { Agent, request } from 'undici'
import { describe, expect, onTestFinished, test } from 'vitest'

import { llamaServer } from '../../../engines/llama-server/adapter.ts'
import { isProgram } from '../../../engines/llama-server/locate.ts'
import { installedProgram } from '../../../engines/llama-server/release.ts'
import type { Address, ModelSpec } from '../../../src/core/index.ts'
import { writeTinyGguf } from '../../fixtures/tiny-gguf.ts'
import { freePort } from '../../support/free-port.ts'
import { untilTrue } from '../../support/gates.ts'
import { testEnvironment } from '../../support/run.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { planRequest } from './request.ts'

/*
 * The real engine with the tiny model, run as the adapter plans it. Where the program is not installed in `.cache`
 * (or named by ENGINEHOUSE_TEST_LLAMA_SERVER), these tests are skipped.
 */

const CACHE = fileURLToPath(new URL('../../../.cache/engines', import.meta.url))
const BINARY = process.env['ENGINEHOUSE_TEST_LLAMA_SERVER'] ?? installedProgram(CACHE)
const KEY = 'the-key-of-this-launch'

async function launch(model: Partial<ModelSpec>, chosen?: Address) {
  const directory = temporaryDirectory()
  const address: Address = chosen ?? { kind: 'unix', path: join(directory, 'engine.sock') }
  const path = join(directory, 'tiny.gguf')
  const bytes = writeTinyGguf(path)
  mkdirSync(join(directory, 'cwd'))
  const plan = llamaServer.plan(
    planRequest(model, {
      binary: BINARY,
      directory,
      manifestDirectory: join(directory, 'cwd'),
      address,
      key: KEY,
      weights: { path, bytes, architecture: 'llama', trainedContext: 2048 },
    }),
  )
  const log = join(directory, 'engine.log')
  const output = openSync(log, 'a')
  const [program = '', ...args] = plan.argv
  const child = spawn(program, args, {
    cwd: plan.cwd,
    env: testEnvironment({ ...plan.env }),
    stdio: ['ignore', output, output],
  })
  const exited = new Promise((resolve) => child.on('exit', (code, signal) => resolve({ code, signal })))
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  const origin = address.kind === 'tcp' ? `http://127.0.0.1:${address.port}` : 'http://engine'
  const dispatcher = new Agent(address.kind === 'unix' ? { connect: { socketPath: address.path } } : {})
  onTestFinished(() => dispatcher.destroy())
  const ask = async (route: string, body?: unknown, key = KEY) => {
    const answer = await request(`${origin}${route}`, {
      dispatcher,
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.body.text()
    return { status: answer.statusCode, body: JSON.parse(text) as Record<string, unknown> }
  }
  const isReady = async (): Promise<boolean> => {
    if (child.exitCode !== null) throw new Error(readFileSync(log, 'utf8'))
    const reply = await ask(plan.readiness.path).catch(() => null)
    return reply?.status === plan.readiness.status
  }
  await untilTrue(isReady)
  return { ask, child, exited, plan, lines: () => readFileSync(log, 'utf8').split('\n') }
}

describe.skipIf(!(await isProgram(BINARY)))('the real llama-server', () => {
  test('starts over a socket as planned, answers every chat, and guards what it should', async () => {
    const { ask, plan, lines, child, exited } = await launch({ parallel: 2, context: 1024 })
    for (let turn = 0; turn < 10; turn += 1) {
      const messages = [{ role: 'user', content: `Turn ${turn}: how are you?` }]
      const { status, body } = await ask('/v1/chat/completions', { messages, max_tokens: 16 })
      expect(status).toBe(200)
      expect(body['model']).toBe(plan.servedName)
    }
    expect((await ask('/v1/completions', { prompt: 'Once', max_tokens: 4 })).status).toBe(200)
    const guarded = plan.readiness.guarded ?? ''
    expect((await ask(guarded, undefined, 'another key')).status).toBe(401)
    const props = await ask(guarded)
    expect(props.status).toBe(200)
    expect(props.body['total_slots']).toBe(2)
    const phases = lines().map((line) => llamaServer.parseLine(line))
    expect(phases.filter((event) => event !== null).map((event) => event.kind === 'phase' && event.name)).toEqual([
      'loading weights',
      'preparing slots',
      'loaded',
      'listening',
    ])
    child.kill('SIGTERM')
    expect(await exited).toEqual({ code: 0, signal: null })
  })

  test('embeds over a port when the arguments say so', async () => {
    const port = await freePort()
    const args = [['embeddings', true] as const, ['pooling', 'mean'] as const]
    const { ask } = await launch({ args }, { kind: 'tcp', host: '127.0.0.1', port })
    const { status, body } = await ask('/v1/embeddings', { input: 'a sentence' })
    expect(status).toBe(200)
    const [first] = body['data'] as { embedding: number[] }[]
    expect(first?.embedding).toHaveLength(64)
  })

  test.each([
    ['bad_config', { args: [['no-such-flag', true]] }],
    ['bad_config', { args: [['temp', 'warm']] }],
  ] as const)('an argument that it refuses is %s', async (failure, model) => {
    const problem = await launch(model).then(
      () => 'it started',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    const result = llamaServer.classifyExit({ code: 1, signal: null }, problem.split('\n'))
    expect(result.class).toBe(failure)
  })
})
