import { statSync } from 'node:fs'
import { join } from 'node:path'

import { assert, beforeAll, describe, expect, test } from 'vitest'

import { llamaServer as adapter } from '../../engines/llama-server/adapter.ts'
import { MARGIN } from '../../engines/llama-server/memory.ts'
import { MIB } from '../../src/core/index.ts'
import type { ModelSpec } from '../../src/core/index.ts'
import { modelSpec } from '../fixtures/model-spec.ts'
import { writeTinyLora, writeTinyProjector } from '../fixtures/tiny-beside.ts'
import { writeTinyGguf } from '../fixtures/tiny-gguf.ts'
import { freePort } from '../support/free-port.ts'
import { launchLlamaServer } from '../support/llama-launch.ts'
import { installLlamaServer } from '../support/llama-server.ts'
import { temporaryDirectory } from '../support/temporary-directory.ts'

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

  test('takes what the claim says, with a LoRA, a projector and a draft model beside its weights', async (context) => {
    const files = temporaryDirectory()
    const lora = join(files, 'lora.gguf')
    const projector = join(files, 'mmproj.gguf')
    const draft = join(files, 'draft.gguf')
    writeTinyLora(lora, 256)
    writeTinyProjector(projector)
    writeTinyGguf(draft, { seed: 2 })
    const model: Partial<ModelSpec> = {
      context: 2048,
      args: [
        ['lora-scaled', `${lora}:0.5`],
        ['mmproj', projector],
        ['model-draft', draft],
        // With less it says nothing of its buffers.
        ['-lv', '4'],
      ],
    }
    const { lines, plan } = await launchLlamaServer(context, model)
    const path = plan.argv[plan.argv.indexOf('-m') + 1] ?? ''
    const weights = { path, bytes: statSync(path).size, architecture: 'llama', trainedContext: 2048 }
    const claimed = (await adapter.estimate?.(modelSpec(model), weights, { manifestDirectory: files }))?.parts?.host
    assert(claimed)
    const said = (what: RegExp): number[] =>
      lines().flatMap((line) => (what.exec(line)?.[1] ? [Number(what.exec(line)?.[1])] : []))
    const sum = (sizes: readonly number[]): number => sizes.reduce((all, size) => all + size, 0)
    const shown = (bytes: number): number => bytes / MARGIN / MIB

    const kv = said(/CPU KV buffer size = +([\d.]+) MiB/)
    expect(kv).toHaveLength(2)
    expect(shown(claimed.kv)).toBeCloseTo(sum(kv), 1)
    // A file has some KiB of metadata before its tensors, and the engine maps what lies between them.
    const loaded = [
      ...said(/CPU\w* (?:model|LoRA) buffer size = +([\d.]+) MiB/),
      ...said(/: model size: +([\d.]+) MiB/),
    ]
    expect(loaded).toHaveLength(4)
    expect(shown(claimed.weights)).toBeGreaterThan(sum(loaded) - 0.01)
    expect(shown(claimed.weights)).toBeLessThan(sum(loaded) + 0.2)
    expect(sum(said(/CPU compute buffer size = +([\d.]+) MiB/))).toBeLessThan(shown(claimed.compute))
    expect(lines().filter((line) => /(?<!CPU\w*) (?:model|KV) buffer size/.test(line))).toEqual([])
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
