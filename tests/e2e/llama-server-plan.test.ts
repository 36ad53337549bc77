import { beforeAll, describe, expect, test } from 'vitest'

import { llamaServer as adapter } from '../../engines/llama-server/adapter.ts'
import { freePort } from '../support/free-port.ts'
import { launchLlamaServer } from '../support/llama-launch.ts'
import { installLlamaServer } from '../support/llama-server.ts'

/* The real engine with the tiny model, run as the adapter plans it, with no daemon in between. */

const INSTALL_LIMIT = 10 * 60_000

beforeAll(() => installLlamaServer().then(() => undefined), INSTALL_LIMIT)

describe('the real llama-server', () => {
  test('starts over a socket as planned, answers every chat, and guards what it should', async (context) => {
    const { ask, plan, lines, child, exited } = await launchLlamaServer(context, { parallel: 2, context: 1024 })
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
    const { ask } = await launchLlamaServer(context, { args }, { address: { kind: 'tcp', host: '127.0.0.1', port } })
    const { status, body } = await ask('/v1/embeddings', { input: 'a sentence' })
    expect(status).toBe(200)
    const [first] = body['data'] as { embedding: number[] }[]
    expect(first?.embedding).toHaveLength(64)
  })

  test.for([
    ['bad_config', { args: [['no-such-flag', true]] }],
    ['bad_config', { args: [['temp', 'warm']] }],
  ] as const)('an argument that it refuses is %s', async ([failure, model], context) => {
    const problem = await launchLlamaServer(context, model).then(
      () => 'it started',
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    const result = adapter.classifyExit({ code: 1, signal: null }, problem.split('\n'))
    expect(result.class).toBe(failure)
  })
})
