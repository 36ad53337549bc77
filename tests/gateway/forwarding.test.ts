import { expect, test } from 'vitest'
import { chunk, jsonAnswer, LAST_CHUNK, STREAM_HEAD, token } from './support/raw-engine.ts'
import { modelView } from './support/house.ts'
import { ask, errorOf, setScene } from './support/scene.ts'

const ANSWER = {
  id: 'c',
  object: 'chat.completion',
  created: 1,
  model: 'm',
  choices: [],
  usage: { prompt_tokens: 7, completion_tokens: 9 },
}

test('a JSON answer passes with its bytes, its status and our headers, and the lease ends complete', async () => {
  const { house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(ANSWER)) })
  const response = await ask(house, undefined, { 'x-request-id': 'mine-1' })
  expect(response.status).toBe(200)
  expect(await response.text()).toBe(JSON.stringify(ANSWER))
  expect(Object.fromEntries(response.headers)).toMatchObject({
    'content-type': 'application/json',
    'x-request-id': 'mine-1',
    'x-enginehouse-model': 'm',
    'x-enginehouse-instance': 'm-1',
    'x-enginehouse-queue-ms': '0',
  })
  expect(response.headers.has('x-enginehouse-cold-start-ms')).toBe(false)
  expect(house.admission.released).toEqual(['complete'])
  const text = await house.scrape()
  expect(text).toContain('enginehouse_requests_total{model="m",route="/v1/chat/completions",outcome="complete"} 1')
  expect(text).toContain('enginehouse_tokens_total{model="m",type="input"} 7')
  expect(text).toContain('enginehouse_tokens_total{model="m",type="output"} 9')
})

test('the engine gets a request of our own making: our key, our Host, nothing of the client but what is listed', async () => {
  const { engine, house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(ANSWER)) })
  const trace = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
  await ask(house, undefined, {
    authorization: 'Bearer client-secret',
    cookie: 'a=b',
    'x-conversation-id': 'c',
    'x-forwarded-for': '1.2.3.4',
    traceparent: trace,
    accept: 'application/json',
  })
  const head = engine.requests[0]?.head ?? ''
  const names = head
    .split('\r\n')
    .slice(1)
    .map((line) => line.split(':', 1)[0]?.toLowerCase())
  expect(head.split('\r\n')[0]).toBe('POST /v1/chat/completions HTTP/1.1')
  expect(names.toSorted()).toEqual(
    [
      'accept',
      'authorization',
      'connection',
      'content-length',
      'content-type',
      'host',
      'traceparent',
      'x-request-id',
    ].toSorted(),
  )
  expect(head).toContain('authorization: Bearer engine-key')
  expect(head).toContain(`traceparent: ${trace}`)
  expect(head).toContain(`host: 127.0.0.1:${engine.address.port}`)
})

test.each([
  [
    'TGI, a text and its kind',
    '422 Unprocessable Entity',
    { error: 'Input validation error: `inputs` is too long', error_type: 'validation' },
    { message: 'Input validation error: `inputs` is too long', type: 'validation', param: null, code: 422 },
  ],
  [
    'a framework that has no such route',
    '404 Not Found',
    { detail: 'Not Found' },
    { message: 'Not Found', type: 'invalid_request_error', param: null, code: 404 },
  ],
  [
    'SGLang, flat',
    '503 Service Unavailable',
    { object: 'error', message: 'The request queue is full.', type: 'overloaded', code: 503 },
    { message: 'The request queue is full.', type: 'overloaded', param: null, code: 503 },
  ],
])('an error in another shape is put into OpenAI’s: %s', async (_engine, status, body, error) => {
  const { house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(body, status)) })
  const response = await ask(house)
  expect(response.status).toBe(Number.parseInt(status, 10))
  expect(await response.json()).toEqual({ error })
})

test('an error that has it passes to the byte', async () => {
  const body = { error: { code: 400, message: 'too long', type: 'exceed_context_size_error', n_ctx: 512 } }
  const { house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(body, '400 No')) })
  const response = await ask(house)
  expect([response.status, await response.text()]).toEqual([400, JSON.stringify(body)])
})

test('a stream passes byte for byte and ends in order', async () => {
  const events = [token('a'), token('b'), 'data: [DONE]\n\n']
  const { house } = await setScene({
    answer: ({ socket }) => void socket.write(STREAM_HEAD + events.map(chunk).join('') + LAST_CHUNK),
  })
  const response = await ask(house, { model: 'm', stream: true })
  expect(await response.text()).toBe(events.join(''))
  expect(response.headers.get('x-accel-buffering')).toBe('no')
  expect(response.headers.get('cache-control')).toBe('no-cache, no-transform')
  expect(house.admission.released).toEqual(['complete'])
})

test('only `model` is rewritten: every other byte of the body reaches the engine as it was sent', async () => {
  const { engine, house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(ANSWER)) })
  house.admission.servedName = 'inner "name"'
  await ask(house, '{ "seed":9007199254740993, "x":1e400,\n"model" : "\\u0061lias" ,"e":"\\ud800" }')
  expect(engine.requests[0]?.body.toString()).toBe(
    '{ "seed":9007199254740993, "x":1e400,\n"model" : "inner \\"name\\"" ,"e":"\\ud800" }',
  )
})

test('a request without a model goes to the only one, and the engine is told its name', async () => {
  const { engine, house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(ANSWER)) })
  await ask(house, '{}')
  await ask(house, '{"stream":false}')
  expect(engine.requests.map(({ body }) => body.toString())).toEqual(['{"model":"m"}', '{"model":"m","stream":false}'])
})

test("an engine's own errors pass with their status and body", async () => {
  const body = { error: { code: 400, message: 'too long', type: 'exceed_context_size_error', n_ctx: 512 } }
  const { house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(body, '400 Bad Request')) })
  const response = await ask(house)
  expect(response.status).toBe(400)
  expect(await response.json()).toEqual(body)
  expect(house.admission.released).toEqual(['complete'])
})

test.each([
  ['an empty 413', 'HTTP/1.1 413 Payload Too Large\r\ncontent-length: 0\r\n\r\n', 413, 'engine_refused', 'complete'],
  [
    'a 500 in plain text',
    'HTTP/1.1 500 Oh\r\ncontent-type: text/plain\r\ncontent-length: 4\r\n\r\nOops',
    500,
    'engine_refused',
    'engine_error',
  ],
  [
    'a refusal of our key',
    'HTTP/1.1 401 No\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}',
    502,
    'engine_protocol',
    'engine_error',
  ],
  ['bytes that are no HTTP', 'SSH-2.0-OpenSSH\r\n\r\n', 502, 'engine_protocol', 'engine_error'],
  [
    'a head beyond all bounds',
    `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(40_000)}\r\n\r\n`,
    502,
    'engine_protocol',
    'engine_error',
  ],
])('%s is told in our shape', async (_, answer, status, code, outcome) => {
  const { house } = await setScene({ answer: ({ socket }) => void socket.write(answer) })
  const response = await ask(house)
  expect(response.status).toBe(status)
  expect(response.headers.get('x-should-retry')).toBe('false')
  expect((await errorOf(response)).code).toBe(code)
  expect(house.admission.released).toEqual([outcome])
})

test('headers that an engine may not decide are dropped, the rest pass', async () => {
  const head =
    'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 2\r\naccess-control-allow-origin: *\r\n' +
    'set-cookie: a=b\r\nkeep-alive: timeout=5\r\nconnection: keep-alive, x-hop\r\nx-hop: 1\r\nx-request-id: theirs\r\nx-engine: 1\r\n\r\n{}'
  const { house } = await setScene({ answer: ({ socket }) => void socket.write(head) })
  const response = await ask(house, undefined, { 'x-request-id': 'mine' })
  for (const name of ['access-control-allow-origin', 'set-cookie', 'x-hop'])
    expect(response.headers.has(name)).toBe(false)
  expect(response.headers.get('x-request-id')).toBe('mine')
  expect(response.headers.get('x-engine')).toBe('1')
})

test('early hints are kept from the client', async () => {
  const { house } = await setScene({
    answer: ({ socket }) => void socket.write(`HTTP/1.1 103 Early Hints\r\nlink: <x>\r\n\r\n${jsonAnswer(ANSWER)}`),
  })
  expect(await (await ask(house)).json()).toEqual(ANSWER)
})

test('an early answer to a large body is delivered', async () => {
  const body = JSON.stringify({ model: 'm', messages: 'x'.repeat(900_000) })
  const error = { error: { message: 'no', type: 'invalid_request_error', param: null, code: null } }
  const { house } = await setScene({
    answer: () => {},
    early: (socket) => {
      socket.write(jsonAnswer(error, '400 Bad Request'))
      return true
    },
  })
  const response = await ask(house, body)
  expect(response.status).toBe(400)
  expect(await response.json()).toEqual(error)
})

test('answers never reach the wrong client, whatever connections they share', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket, body }) => {
      const { canary } = JSON.parse(body.toString()) as { canary: string }
      setImmediate(() => socket.write(STREAM_HEAD + chunk(token(canary)) + chunk('data: [DONE]\n\n') + LAST_CHUNK))
    },
  })
  const canaries = Array.from({ length: 100 }, (_, index) => `canary-${index}-`)
  const texts = await Promise.all(
    canaries.map(async (canary) => (await ask(house, { model: 'm', stream: true, canary })).text()),
  )
  expect(texts).toEqual(canaries.map((canary) => `${token(canary)}data: [DONE]\n\n`))
  expect(engine.requests).toHaveLength(100)
  expect(house.admission.released).toEqual(canaries.map(() => 'complete'))
  expect(await house.scrape()).toContain('enginehouse_requests_in_flight 0')
})

test('a connection is used again only where the engine allows it', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket, body }) =>
      void socket.write(
        body.includes('"stream":true') ? STREAM_HEAD + chunk('data: [DONE]\n\n') + LAST_CHUNK : jsonAnswer(ANSWER),
      ),
  })
  const askTwice = async (stream: boolean): Promise<void> => {
    for (let count = 0; count < 2; count++) await (await ask(house, { model: 'm', stream })).text()
  }
  await askTwice(false)
  expect(engine.connections).toBe(1)
  house.admission.reuse = 'plain'
  await askTwice(true)
  expect(engine.requests.slice(2).map(({ head }) => /connection: (\S+)/.exec(head)?.[1])).toEqual(['close', 'close'])
  house.admission.reuse = 'never'
  await askTwice(false)
  expect(engine.requests.slice(4).map(({ head }) => /connection: (\S+)/.exec(head)?.[1])).toEqual(['close', 'close'])
})

test('another model than was asked for is named, in its headers', async () => {
  const { house } = await setScene(
    { answer: ({ socket }) => void socket.write(jsonAnswer({ ok: true })) },
    { models: [modelView('m'), modelView('small')] },
  )
  house.admission.grant = (lease) => ({ ...lease, model: 'small', fallbackFrom: 'm', servedName: 'small' })
  const { headers } = await ask(house)
  expect(headers.get('x-enginehouse-model')).toBe('small')
  expect(headers.get('x-enginehouse-fallback-from')).toBe('m')
})

test('a model that lacks the route does not stand in for one that has it', async () => {
  const { engine, house } = await setScene(
    { answer: ({ socket }) => void socket.write(jsonAnswer({ ok: true })) },
    { models: [modelView('m'), modelView('search', { capabilities: new Set(['embeddings']) })] },
  )
  house.admission.grant = (lease) => ({ ...lease, model: 'search', fallbackFrom: 'm', servedName: 'search' })
  const response = await ask(house)
  expect(response.status).toBe(404)
  expect(await errorOf(response)).toMatchObject({
    code: 'unsupported_endpoint',
    message: expect.stringContaining('stands in for m'),
  })
  expect(engine.requests).toEqual([])
  await house.admission.releasedAll(1)
  expect(house.admission.released).toEqual(['failed'])
})
