import { join } from 'node:path'

import { expect, test } from 'vitest'

import { writeWeightsDirectory } from '../../fixtures/safetensors.ts'
import { fakeModel, makePlace, startDaemon, type Daemon, type ManifestText } from '../../support/daemon.ts'
import { fakeEvents, installFake } from '../../support/fake-programs.ts'

const MESSAGES = { messages: [{ role: 'user', content: 'hello' }], max_tokens: 4 }
const DOCUMENTS = { query: 'a', documents: ['b', 'c'] }
const RANKED = { results: [{ index: 0 }, { index: 1 }] }

/** A route with its body, and what of the answer's JSON must be there; null: the model is not asked for it. */
type Row = readonly [route: string, body: ManifestText, json: ManifestText | readonly unknown[] | null]

async function hold(daemon: Daemon, model: string, rows: readonly Row[]): Promise<void> {
  for (const [path, body, json] of rows) {
    const answer = await daemon.ask({ model, ...body }, { path })
    if (json !== null) expect([path, answer]).toMatchObject([path, { status: 200, json }])
    else
      expect([path, answer.status, answer.text]).toEqual([path, 404, expect.stringContaining('unsupported_endpoint')])
  }
}

test('vLLM: what a model generates or pools is asked for where it has it', async () => {
  const place = makePlace()
  const path = installFake(place.file('bin'), 'vllm', 'fake-vllm.mjs')
  const source = `file:${writeWeightsDirectory(place.file('weights'))}`
  const record = (name: string): string => place.file(`${name}.record`)
  const model = (name: string, args: ManifestText): ManifestText => ({
    [name]: { engine: 'vllm', gpus: 'none', source, args, env: { FAKE_VLLM: `--record ${record(name)}` } },
  })
  const models = {
    ...model('text', {}),
    ...model('vectors', { runner: 'pooling' }),
    ...model('ranks', { runner: 'pooling', convert: 'classify' }),
  }
  const daemon = await startDaemon({ engines: { vllm: { path } }, models }, place)
  await hold(daemon, 'text', [
    ['/v1/responses', { input: 'a' }, { object: 'response', model: 'text' }],
    ['/v1/messages', MESSAGES, { type: 'message', model: 'text' }],
    ['/v1/messages/count_tokens', MESSAGES, { input_tokens: expect.any(Number) as number }],
    ['/tokenize', { prompt: 'hi' }, { count: 2, tokens: [104, 105] }],
    ['/detokenize', { tokens: [104, 105] }, { prompt: 'hi' }],
    ['/v1/embeddings', { input: 'a' }, null],
    ['/v1/rerank', DOCUMENTS, null],
    ['/infill', {}, null],
  ])
  const pooled: readonly Row[] = [
    ['/v1/rerank', DOCUMENTS, RANKED],
    ['/v2/rerank', DOCUMENTS, RANKED],
    ['/rerank', DOCUMENTS, RANKED],
    ['/v1/score', { text_1: 'a', text_2: ['b', 'c'] }, { data: [{ score: 1 }, { score: 0.9 }] }],
    ['/tokenize', { prompt: 'hi' }, { count: 2 }],
    ['/v1/messages', MESSAGES, null],
    ['/v1/responses', { input: 'a' }, null],
  ]
  await hold(daemon, 'vectors', [...pooled, ['/v1/embeddings', { input: 'a' }, { data: [{ index: 0 }] }]])
  await hold(daemon, 'ranks', [...pooled, ['/v1/embeddings', { input: 'a' }, null]])
  // What it has not is refused by the daemon, never by vLLM.
  const asked = fakeEvents(record('ranks')).filter(({ event }) => event === 'request')
  expect(asked.map(({ path: route }) => route)).toEqual([
    '/v1/rerank',
    '/v1/rerank',
    '/rerank',
    '/v1/score',
    '/tokenize',
  ])
  expect(asked.every(({ model: name }) => name === 'ranks')).toBe(true)
  await daemon.end()
})

test('TGI: it makes tokens, in its own shape, and none into text', async () => {
  const place = makePlace()
  const path = installFake(place.file('bin'), 'text-generation-launcher', 'fake-tgi.mjs')
  const source = `file:${writeWeightsDirectory(join(place.directory, 'weights'))}`
  const daemon = await startDaemon(
    { engines: { tgi: { path } }, models: { m: { engine: 'tgi', gpus: 'none', source } } },
    place,
  )
  await hold(daemon, 'm', [
    ['/tokenize', { inputs: 'hi' }, [{ id: 104, text: 'h', start: 0, stop: 1 }, { id: 105 }]],
    ['/detokenize', { tokens: [104] }, null],
    ['/v1/messages', MESSAGES, null],
  ])
  await daemon.end()
})

test('a server of one’s own has what the manifest says; what it lacks beyond that is its own 404', async () => {
  const place = makePlace()
  const models = {
    ...fakeModel(place, 'all', [], { aliases: ['default'] }),
    ...fakeModel(place, 'few', [], { capabilities: ['messages', 'tokenize'] }),
  }
  const daemon = await startDaemon({ models }, place)
  await hold(daemon, 'few', [
    ['/v1/messages', MESSAGES, { type: 'message', model: 'few' }],
    ['/tokenize', { content: 'hi' }, { tokens: [104, 105] }],
    ['/v1/responses', { input: 'a' }, null],
    ['/v1/audio/speech', { input: 'a' }, null],
  ])
  expect((await daemon.admin('/models/few')).json.capabilities).toEqual(['messages', 'tokenize'])
  const stream = await daemon.ask({ ...MESSAGES, stream: true }, { path: '/v1/messages' })
  expect(stream.text).toMatch(/^event: message_start\n[^]*\nevent: message_stop\ndata: \{"type":"message_stop"\}\n\n$/)
  const missing = await daemon.ask({ input: 'a' }, { path: '/v1/audio/speech' })
  expect(missing).toMatchObject({ status: 404, json: { error: { message: 'File Not Found' } } })
  await daemon.end()
})
