import { expect, test } from 'vitest'
import { MAX_GATHERED } from '../../src/gateway/limits.ts'
import { chunk, jsonAnswer, LAST_CHUNK, STREAM_HEAD, token } from './support/raw-engine.ts'
import type { RawEngineOptions } from './support/raw-engine.ts'
import { ask, errorOf, setScene } from './support/scene.ts'

/* An engine that gives up streams alone when their client leaves: it is asked for one, the client gets one answer. */

const DONE = 'data: [DONE]\n\n'
const event = (fields: object): string => `data: ${JSON.stringify(fields)}\n\n`
const choice = (index: number, delta: object, finish: string | null = null): object => ({
  choices: [{ finish_reason: finish, index, delta }],
  object: 'chat.completion.chunk',
})

async function setGathered(engine: RawEngineOptions) {
  const scene = await setScene(engine)
  scene.house.admission.plainAnswers = 'gathered'
  return scene
}

/** Sends the text in chunks of one byte: characters and events are cut wherever that is possible. */
function inBytes(text: string): string {
  return [...Buffer.from(text)].map((byte) => `1\r\n${String.fromCharCode(byte)}\r\n`).join('')
}

const streaming = (...events: readonly string[]): RawEngineOptions => ({
  answer: ({ socket }) => void socket.write(STREAM_HEAD + events.map(chunk).join('') + LAST_CHUNK),
})

test('pieces of several choices become one answer, with what the first one says beside them', async () => {
  const text = [
    ': ping\n\n',
    'data: null\n\n',
    event(choice(1, { role: 'assistant', content: null })),
    event(choice(0, { role: 'assistant', content: null })),
    event(choice(0, { reasoning_content: 'hm' })),
    event(choice(1, { content: 'ü' })),
    event(choice(0, { content: '🎉', extra: 'a' })),
    event(choice(0, { tool_calls: [{ index: 1, id: 'b', function: { name: 'g', arguments: '{' } }] })),
    event(choice(0, { tool_calls: [{ index: 0, id: 'a', function: { name: 'f', arguments: '1' } }] })),
    event(choice(0, { tool_calls: [{ index: 1, function: { arguments: '}' } }], extra: 'b' })),
    event(choice(0, {}, 'tool_calls')),
    event({ choices: [], usage: { completion_tokens: 5 }, made_up: { by: 'an engine' }, __proto__: 1 }),
    event(choice(1, {}, 'stop')),
    event({ choices: [], usage: { completion_tokens: 1 } }),
    DONE,
  ].join('')
  const { house, engine } = await setGathered({
    answer: ({ socket }) => void socket.write(Buffer.from(STREAM_HEAD + inBytes(text) + LAST_CHUNK, 'latin1')),
  })
  const response = await ask(house)
  expect(await response.json()).toEqual({
    object: 'chat.completion',
    choices: [
      {
        index: 0,
        finish_reason: 'tool_calls',
        message: {
          role: 'assistant',
          content: '🎉',
          reasoning_content: 'hm',
          extra: 'ab',
          tool_calls: [
            { id: 'a', function: { name: 'f', arguments: '1' } },
            { id: 'b', function: { name: 'g', arguments: '{}' } },
          ],
        },
      },
      { index: 1, finish_reason: 'stop', message: { role: 'assistant', content: 'ü' } },
    ],
    usage: { completion_tokens: 5 },
    made_up: { by: 'an engine' },
  })
  const { body } = engine.requests[0] ?? { body: '' }
  expect(body.toString()).toBe('{"stream":true,"stream_options":{"include_usage":true},"model":"m","messages":[]}')
  expect(house.admission.released).toEqual(['complete'])
})

test.each([
  ['{"model":"m","stream":false}', '{"model":"m","stream":true,"stream_options":{"include_usage":true}}'],
  ['{"stream":null}', '{"model":"m","stream":true,"stream_options":{"include_usage":true}}'],
  ['{}', '{"model":"m","stream":true,"stream_options":{"include_usage":true}}'],
  [
    '{"seed":9007199254740993}',
    '{"model":"m","stream":true,"stream_options":{"include_usage":true},"seed":9007199254740993}',
  ],
  ['{"model":"m","logprobs":true}', null],
  ['{"model":"m","logprobs":2}', null],
  ['{"model":"m","stream_options":{}}', null],
  ['{"model":"m","logprobs":false,"stream":true}', null],
])('%s is asked as %s', async (sent, expected) => {
  const { house, engine } = await setGathered(streaming(token('a'), DONE))
  const response = await ask(house, sent)
  expect(response.headers.get('content-type')).toMatch(expected === null ? /event-stream/ : /json/)
  expect(engine.requests[0]?.body.toString()).toBe(expected ?? sent)
})

test('a client that leaves cancels it at once, as it does a stream', async () => {
  const { house, engine } = await setGathered({
    answer: ({ socket }) => void socket.write(STREAM_HEAD + chunk(token('a'))),
  })
  const client = new AbortController()
  const gone = fetch(`${house.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"model":"m"}',
    signal: client.signal,
  }).catch((error: unknown) => error)
  await engine.when(({ requests }) => requests.length === 1)
  client.abort()
  await engine.when(({ endedByPeer }) => endedByPeer === 1)
  await gone
  await house.admission.releasedAll(1)
  expect(house.admission.released).toEqual(['client_gone'])
})

test.each([
  ['an error in the stream', event({ error: { code: 503, message: 'm' } }), 503, 'engine_error'],
  ['an error without a status', event({ error: { message: 'm' } }), 500, 'engine_error'],
  ['an error of the request', event({ error: { code: 400, message: 'm' } }), 400, 'complete'],
])('%s is the answer', async (_, failure, status, released) => {
  const { house } = await setGathered(streaming(token('a'), failure))
  const response = await ask(house)
  expect(response.status).toBe(status)
  expect(await errorOf(response)).toMatchObject({ message: 'm' })
  expect(house.admission.released).toEqual([released])
})

test("an engine's error before its first piece, and an answer that is no stream after all, pass as they are", async () => {
  const { house } = await setGathered({
    answer: ({ socket, nth }) =>
      void socket.write(nth === 1 ? jsonAnswer({ error: { message: 'no' } }, '418 Teapot') : jsonAnswer({ nth })),
  })
  const first = await ask(house)
  expect([first.status, await first.json()]).toEqual([418, { error: { message: 'no' } }])
  expect(await (await ask(house)).json()).toEqual({ nth: 2 })
})

test.each([
  ['ends without its last word', [token('a')], 'engine_crashed'],
  ['is no JSON', [token('a'), 'data: {\n\n', DONE], 'engine_protocol'],
  ['is no object', ['data: 1\n\n', DONE], 'engine_protocol'],
  [
    'is longer than what may be gathered',
    Array.from({ length: 20 }, () => token('x'.repeat(MAX_GATHERED / 16))),
    'engine_protocol',
  ],
])('a stream that %s is a failure of the engine', async (_, events, code) => {
  const { house } = await setGathered(streaming(...events))
  const response = await ask(house)
  expect([response.status, (await errorOf(response)).code]).toEqual([502, code])
  expect(house.admission.released).toEqual(['engine_error'])
})

test('what is translated for the client is gathered first', async () => {
  const text = (piece: string, finish: string | null): string =>
    event({ choices: [{ text: piece, index: 0, finish_reason: finish }] })
  const { house } = await setGathered(streaming(text('a', null), text('b', 'stop'), DONE))
  const response = await fetch(`${house.url}/v1/generate`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"prompt":"p"}',
  })
  expect(await response.json()).toMatchObject({ generated_text: 'ab' })
})
