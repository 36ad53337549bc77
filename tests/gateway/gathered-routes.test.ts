import { expect, test } from 'vitest'
import type { House } from './support/house.ts'
import { chunk, LAST_CHUNK, STREAM_HEAD } from './support/raw-engine.ts'
import type { RawEngineOptions } from './support/raw-engine.ts'
import { setScene } from './support/scene.ts'

/* Anthropic's and OpenAI's events as one answer, for an engine that gives up streams alone when their client leaves. */

const named = (type: string, more: object): string => `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`
const grown = (index: number, delta: object): string => named('content_block_delta', { index, delta })
const MESSAGES = '/v1/messages'
const RESPONSES = '/v1/responses'

async function setGathered(engine: RawEngineOptions) {
  const scene = await setScene(engine)
  scene.house.admission.plainAnswers = 'gathered'
  return scene
}

/** Chunks of one byte: characters and events are cut wherever that is possible. */
const inBytes = (...events: readonly string[]): RawEngineOptions => ({
  answer: ({ socket }) => {
    const bytes = [...Buffer.from(events.join(''))].map((byte) => `1\r\n${String.fromCharCode(byte)}\r\n`)
    socket.write(Buffer.from(STREAM_HEAD + bytes.join('') + LAST_CHUNK, 'latin1'))
  },
})

const ask = (house: House, path: string): Promise<Response> =>
  fetch(house.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-request-id': 'mine' },
    body: '{"model":"m"}',
  })

const BEGUN = [
  named('message_start', { message: { id: 'a', content: [], usage: { input_tokens: 3, output_tokens: 0 } } }),
  named('ping', {}),
  named('content_block_start', { index: 0, content_block: { type: 'thinking', thinking: '' } }),
  grown(0, { type: 'thinking_delta', thinking: 'hm' }),
]

test('a message is put together from blocks that grow beside each other', async () => {
  const { house, engine } = await setGathered(
    inBytes(
      ...BEGUN,
      named('content_block_start', { index: 1, content_block: { type: 'text', text: '' } }),
      grown(1, { type: 'text_delta', text: 'ü' }),
      named('content_block_start', { index: 2, content_block: { type: 'tool_use', id: 't', name: 'f', input: {} } }),
      grown(2, { type: 'input_json_delta', partial_json: '{"n": 900719' }),
      grown(1, { type: 'text_delta', text: '🎉' }),
      grown(2, { type: 'input_json_delta', partial_json: '9254740993}' }),
      named('content_block_start', { index: 3, content_block: { type: 'tool_use', id: 'u', name: 'g' } }),
      grown(3, { type: 'input_json_delta', partial_json: '{"cut' }),
      grown(0, { type: 'signature_delta', signature: 's' }),
      named('content_block_stop', { index: 0 }),
      named('message_delta', { delta: { stop_reason: 'tool_use' }, usage: { output_tokens: 7 } }),
      named('message_stop', {}),
    ),
  )
  const response = await ask(house, MESSAGES)
  const text = await response.text()
  expect(response.headers.get('content-type')).toBe('application/json; charset=utf-8')
  expect(text).toContain('"input":{"n": 9007199254740993}')
  expect(JSON.parse(text)).toMatchObject({
    id: 'a',
    stop_reason: 'tool_use',
    usage: { input_tokens: 3, output_tokens: 7 },
    content: [
      { type: 'thinking', thinking: 'hm', signature: 's' },
      { type: 'text', text: 'ü🎉' },
      { type: 'tool_use', id: 't', name: 'f' },
      { type: 'tool_use', id: 'u', name: 'g', input: {} },
    ],
  })
  expect(engine.requests[0]?.body.toString()).toContain('"stream":true')
  expect(house.admission.released).toEqual(['complete'])
  expect(await house.scrape()).toContain('enginehouse_tokens_total{model="m",type="output"} 7')
})

test('a response is what its last event says, with what only plain answers say', async () => {
  const message = { type: 'message', status: 'completed', content: [{ text: '🎉' }] }
  const output = [{ type: 'reasoning' }, message]
  const response = { id: 'r', created_at: 5, status: 'completed', output, usage: { input_tokens: 3, output_tokens: 7 } }
  const { house } = await setGathered(
    inBytes(
      named('response.created', { response: { id: 'r', status: 'in_progress' } }),
      named('response.output_text.delta', { delta: '🎉' }),
      named('response.completed', { response }),
    ),
  )
  expect(await (await ask(house, RESPONSES)).json()).toEqual({
    ...response,
    completed_at: 5,
    output: [{ type: 'reasoning', status: 'completed' }, message],
  })
})

test.each([
  [MESSAGES, 'event: error\ndata: {"type":"error","error":{"code":503,"message":"no"}}\n\n', 'api_error'],
  [MESSAGES, 'data: {"error":{"code":503,"message":"no","type":"server_error"}}\n\n', 'api_error'],
  [RESPONSES, 'data: {"error":{"code":503,"message":"no","type":"server_error"}}\n\n', 'server_error'],
])('an error in the stream of %s is one with a status: %s', async (path, event, type) => {
  const { house } = await setGathered(inBytes(event))
  const response = await ask(house, path)
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject(
    event.includes('event: error') ? { error: { message: 'no' } } : { error: { message: 'no', type } },
  )
  expect(house.admission.released).toEqual(['engine_error'])
})

test.each([
  [MESSAGES, 'that stops short', BEGUN, 'engine_crashed'],
  [MESSAGES, 'that is no JSON', ['data: {\n\n'], 'engine_protocol'],
  [MESSAGES, 'whose block has not begun', [grown(0, { type: 'text_delta', text: 'a' })], 'engine_protocol'],
  [RESPONSES, 'that stops short', [named('response.created', {})], 'engine_crashed'],
])('a stream of %s %s is no answer', async (path, _, events, code) => {
  const { house } = await setGathered(inBytes(...events))
  const response = await ask(house, path)
  expect([response.status, await response.json()]).toMatchObject([502, { error: { code } }])
})

test.each([MESSAGES, RESPONSES])('a client of %s that leaves cancels it at once', async (path) => {
  const { house, engine } = await setGathered({
    answer: ({ socket }) => void socket.write(STREAM_HEAD + chunk(named('ping', {}))),
  })
  const client = new AbortController()
  const gone = fetch(house.url + path, {
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
