import { spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Agent, request } from 'undici'
import { beforeAll, describe, expect, onTestFinished, test, type TestContext } from 'vitest'

import { llamaServer as adapter } from '../../engines/llama-server/adapter.ts'
import type { Address, ModelSpec } from '../../src/core/index.ts'
import { writeTinyGguf } from '../fixtures/tiny-gguf.ts'
import { freePort } from '../support/free-port.ts'
import { untilTrue } from '../support/gates.ts'
import { installLlamaServer, llamaServer } from '../support/llama-server.ts'
import { testEnvironment } from '../support/run.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'
import { planRequest } from '../unit/engines/request.ts'

/* The real engine with the tiny model, run as the adapter plans it, with no daemon in between. */

const INSTALL_LIMIT = 10 * 60_000
const KEY = 'the-key-of-this-launch'

beforeAll(() => installLlamaServer().then(() => undefined), INSTALL_LIMIT)

async function launch(context: TestContext, model: Partial<ModelSpec>, chosen?: Address) {
  const binary = await llamaServer(context)
  const directory = temporaryDirectory()
  const address: Address = chosen ?? { kind: 'unix', path: join(directory, 'engine.sock') }
  const path = join(directory, 'tiny.gguf')
  const bytes = writeTinyGguf(path)
  mkdirSync(join(directory, 'cwd'))
  const plan = adapter.plan(
    planRequest(model, {
      binary,
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

describe('the real llama-server', () => {
  test('starts over a socket as planned, answers every chat, and guards what it should', async (context) => {
    const { ask, plan, lines, child, exited } = await launch(context, { parallel: 2, context: 1024 })
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
    const phases = lines().map((line) => adapter.parseLine(line))
    expect(phases.filter((event) => event !== null).map((event) => event.kind === 'phase' && event.name)).toEqual([
      'loading weights',
      'preparing slots',
      'loaded',
      'listening',
    ])
    child.kill('SIGTERM')
    expect(await exited).toEqual({ code: 0, signal: null })
  })

  test('embeds over a port when the arguments say so', async (context) => {
    const port = await freePort()
    const args = [['embeddings', true] as const, ['pooling', 'mean'] as const]
    const { ask } = await launch(context, { args }, { kind: 'tcp', host: '127.0.0.1', port })
    const { status, body } = await ask('/v1/embeddings', { input: 'a sentence' })
    expect(status).toBe(200)
    const [first] = body['data'] as { embedding: number[] }[]
    expect(first?.embedding).toHaveLength(64)
  })

  test.for([
    ['bad_config', { args: [['no-such-flag', true]] }],
    ['bad_config', { args: [['temp', 'warm']] }],
  ] as const)('an argument that it refuses is %s', async ([failure, model], context) => {
    const problem = await launch(context, model).then(
      () => 'it started',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    const result = adapter.classifyExit({ code: 1, signal: null }, problem.split('\n'))
    expect(result.class).toBe(failure)
  })
})
