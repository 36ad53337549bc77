import { spawn } from 'node:child_process'
import { mkdirSync, openSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { Agent, request } from 'undici'
import { onTestFinished, type TestContext } from 'vitest'

import { llamaServer as adapter } from '../../engines/llama-server/adapter.ts'
import type { Address, ModelSpec } from '../../src/core/index.ts'
import { writeTinyGguf, type TinyGgufOptions } from '../fixtures/tiny-gguf.ts'
import { planRequest } from '../unit/engines/request.ts'
import { untilTrue } from './gates.ts'
import { ALONE, llamaServer } from './llama-server.ts'
import { testEnvironment } from './run.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const KEY = 'the-key-of-this-launch'

export interface LaunchOptions {
  readonly address?: Address
  readonly key?: string
  readonly gguf?: TinyGgufOptions
  /** Of the daemon, as it were. */
  readonly environment?: Readonly<Record<string, string>>
}

/** The real engine with the tiny model, run as the adapter plans it, with no daemon in between; ended with the test. */
export async function launchLlamaServer(context: TestContext, model: Partial<ModelSpec>, more: LaunchOptions = {}) {
  const { key = KEY, gguf = {} } = more
  const binary = await llamaServer(context)
  const directory = temporaryDirectory()
  const address: Address = more.address ?? { kind: 'unix', path: join(directory, 'engine.sock') }
  const path = join(directory, 'tiny.gguf')
  const bytes = writeTinyGguf(path, gguf)
  mkdirSync(join(directory, 'cwd'))
  const plan = adapter.plan(
    planRequest(
      {
        ...model,
        args: [...Object.entries(ALONE).map(([name, count]) => [name, String(count)] as const), ...(model.args ?? [])],
      },
      {
        binary,
        directory,
        manifestDirectory: join(directory, 'cwd'),
        address,
        key,
        weights: { path, bytes, architecture: 'llama', trainedContext: gguf.context ?? 2048 },
      },
    ),
  )
  const log = join(directory, 'engine.log')
  const output = openSync(log, 'a')
  const [program = '', ...args] = plan.argv
  const child = spawn(program, args, {
    cwd: plan.cwd,
    env: testEnvironment({ ...more.environment, ...plan.env }),
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
  const ask = async (route: string, body?: unknown, given: string = key) => {
    const answer = await request(`${origin}${route}`, {
      dispatcher,
      method: body === undefined ? 'GET' : 'POST',
      headers: { authorization: `Bearer ${given}`, 'content-type': 'application/json' },
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
  return { ask, address, child, exited, plan, lines: () => readFileSync(log, 'utf8').split('\n') }
}
