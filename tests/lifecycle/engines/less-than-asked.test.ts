import { expect, test } from 'vitest'

import { writeWeightsDirectory } from '../../fixtures/safetensors.ts'
import { writeTinyGguf } from '../../fixtures/tiny-gguf.ts'
import { makePlace, processesOf, startDaemon } from '../../support/daemon.ts'
import { installFake } from '../../support/fake-programs.ts'

/* An engine that becomes ready with less than the manifest asks for serves nobody: it would break its word later. */

test('a start that comes to less than was asked fails once, in the words of the manifest', async () => {
  const place = makePlace()
  const gguf = place.file('m.gguf')
  writeTinyGguf(gguf, { context: 8192 })
  const llama = { engine: 'llama-server', source: `file:${gguf}`, gpus: 'none', context: 4096, parallel: 2 }
  const directory = writeWeightsDirectory(place.file('weights'))
  const vllm = { engine: 'vllm', source: `file:${directory}`, gpus: 'none', context: 1024 }
  const fake = (...knobs: string[]) => ({ env: { FAKE_ENGINE_ARGS: ['--kind llama', ...knobs].join(' ') } })
  const daemon = await startDaemon(
    {
      engines: {
        'llama-server': { path: installFake(place.file('bin'), 'llama-server', 'fake-engine.mjs') },
        vllm: { path: installFake(place.file('bin'), 'vllm', 'fake-vllm.mjs') },
      },
      models: {
        context: { ...llama, ...fake('--serves-context 2048') },
        slots: { ...llama, ...fake('--serves-slots 1') },
        length: { ...vllm, env: { FAKE_VLLM: '--serves-context 512' } },
        whole: { ...llama, ...fake() },
      },
    },
    place,
  )
  for (const [model, told] of [
    ['context', 'it serves 2048 tokens of context where `context: 4096` was asked'],
    ['slots', 'it answers no more than 1 at once where `parallel: 2` was asked'],
    ['length', 'it serves 512 tokens of context where `context: 1024` was asked'],
  ] as const) {
    const answer = await daemon.ask(model)
    expect(answer).toMatchObject({
      status: 503,
      headers: { 'x-should-retry': 'false' },
      json: { error: { code: 'model_failed' } },
    })
    expect(answer.json.error.message).toContain(told)
    expect(daemon.ofKind('started', model)).toHaveLength(1)
    const { failure } = (await daemon.admin(`/models/${model}`)).json
    expect(failure).toMatchObject({ class: 'less_than_asked', retry_at: null })
  }
  expect(processesOf(place)).toEqual([])
  expect((await daemon.ask('whole')).status).toBe(200)
  await daemon.end()
})
