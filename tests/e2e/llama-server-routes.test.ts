import { beforeAll, expect, test } from 'vitest'

import { makePlace, startDaemon } from '../support/daemon.ts'
import { installLlamaServer, llamaServer, tinyModel } from '../support/llama-server.ts'

const INSTALL_LIMIT = 10 * 60_000
const MESSAGES = { messages: [{ role: 'user', content: 'hello' }], max_tokens: 4 }
const RESPONSE = { input: 'hello', max_output_tokens: 4 }

beforeAll(() => installLlamaServer().then(() => undefined), INSTALL_LIMIT)

test('responses, messages, tokens, ranking, and what its model lacks', async (context) => {
  const path = await llamaServer(context)
  const place = makePlace()
  const models = {
    ...tinyModel(place, 'chatty', { aliases: ['default'] }),
    ...tinyModel(place, 'coder', {}, { infills: true }),
    ...tinyModel(place, 'ranker', { args: { reranking: true } }),
  }
  const daemon = await startDaemon({ engines: { 'llama-server': { path } }, models }, place)
  const ask = (route: string, body: Readonly<Record<string, unknown>>, headers = {}) =>
    daemon.ask(body, { path: route, headers })

  // Refused before anything is woken.
  expect(await ask('/v1/rerank', { query: 'a', documents: ['b'] })).toMatchObject({
    status: 404,
    json: { error: { code: 'unsupported_endpoint', message: expect.stringContaining('ranker') as string } },
  })
  expect(await ask('/v1/messages', { model: 'ranker', ...MESSAGES })).toMatchObject({
    status: 404,
    json: { type: 'error', error: { type: 'not_found_error', code: 'unsupported_endpoint' } },
  })
  expect((await ask('/v1/audio/speech', { input: 'a' })).status).toBe(404)
  expect(daemon.ofKind('wanted')).toEqual([])

  // A conversation's id would make it keep the answer for whoever knows the id.
  const conversation = { 'x-conversation-id': 'mine' }
  const response = await ask('/v1/responses', { model: 'chatty', ...RESPONSE }, conversation)
  expect(response, response.text).toMatchObject({
    status: 200,
    json: { object: 'response', usage: { output_tokens: 4 } },
  })
  const events = await ask('/responses', { ...RESPONSE, stream: true }, conversation)
  expect(events.text).toMatch(/^event: response\.created\n[^]*\nevent: response\.completed\ndata: .+\n\n$/)

  const message = await ask('/v1/messages', MESSAGES)
  expect(message, message.text).toMatchObject({ status: 200, json: { type: 'message', usage: { output_tokens: 4 } } })
  const pieces = await ask('/v1/messages', { ...MESSAGES, stream: true })
  expect(pieces.text).toMatch(/^event: message_start\n[^]*\nevent: message_stop\n/)
  const { json: counted } = await ask('/v1/messages/count_tokens', MESSAGES)
  expect(counted.input_tokens).toBeGreaterThan(4)
  const wrong = await ask('/v1/messages', { max_tokens: 4 }, { 'x-request-id': 'mine' })
  expect(wrong.json).toMatchObject({
    type: 'error',
    request_id: 'mine',
    error: { message: expect.any(String) as string },
  })

  const { json: tokenized } = await ask('/tokenize', { content: 'hello' })
  expect(tokenized.tokens).toHaveLength(5)
  expect((await ask('/detokenize', { tokens: tokenized.tokens })).json).toEqual({ content: 'hello' })
  // The tiny model has no tokens for it: 501 of the engine, which no client is to send again.
  expect(await ask('/infill', { input_prefix: 'a', input_suffix: 'b' })).toMatchObject({
    status: 400,
    json: { error: { type: 'not_supported_error' } },
  })

  const between = await ask('/infill', { model: 'coder', input_prefix: 'a', input_suffix: 'b', n_predict: 4 })
  expect(between, between.text).toMatchObject({ status: 200, json: { tokens_predicted: 4 } })

  for (const route of ['/v1/rerank', '/v2/rerank', '/rerank', '/reranking']) {
    const ranked = await ask(route, { model: 'ranker', query: 'a', documents: ['b', 'c'] })
    expect(ranked, ranked.text).toMatchObject({ status: 200, json: { results: [{ index: 0 }, { index: 1 }] } })
  }

  const metrics = await (await fetch(`${daemon.url}/metrics`)).text()
  const output = /tokens_total\{model="chatty",type="output"\} (\d+)/.exec(metrics)?.[1]
  expect(output).toBe('16')
  await daemon.end()
})
