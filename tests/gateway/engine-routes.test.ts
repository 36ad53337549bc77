import { describe, expect, test } from 'vitest'
import { EnginehouseError } from '../../src/core/index.ts'
import type { Capability } from '../../src/core/index.ts'
import { INFERENCE_ROUTES } from '../../src/gateway/routes.ts'
import { modelView } from './support/house.ts'
import type { House } from './support/house.ts'
import { exchangeBytes, post, rawClient } from './support/raw-client.ts'
import { chunk, jsonAnswer, LAST_CHUNK, STREAM_HEAD } from './support/raw-engine.ts'
import type { SeenRequest } from './support/raw-engine.ts'
import { errorOf, setScene } from './support/scene.ts'

/** Routes whose body reaches the engine as it came. */
const PASSED = INFERENCE_ROUTES.filter(({ dialect }) => dialect === null)
const ANSWER = { answer: true }

const answering = {
  answer: ({ socket }: SeenRequest): void => void socket.write(jsonAnswer(ANSWER)),
}

function send(house: House, path: string, body: unknown, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(house.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: JSON.stringify(body),
  })
}

describe('paths', () => {
  test.each(
    PASSED.flatMap(({ path, aliases, capability }) => [path, ...aliases].map((asked) => [asked, path, capability])),
  )('%s is asked of the engine as %s, of models for %s', async (asked, path, capability) => {
    const models = [
      modelView('able', { capabilities: new Set([capability as Capability]) }),
      modelView('unable', { capabilities: new Set<Capability>() }),
    ]
    const { engine, house } = await setScene(answering, { models })
    const response = await send(house, `${asked}?beta=true`, { model: 'able', kept: 1 })
    expect(await response.json()).toEqual(ANSWER)
    expect(engine.requests[0]?.head.split('\r\n')[0]).toBe(`POST ${path} HTTP/1.1`)
    expect(engine.requests[0]?.body.toString()).toBe('{"model":"able","kept":1}')

    const refused = await send(house, asked, { model: 'unable' })
    expect(refused.status).toBe(404)
    const { message } = await errorOf(refused)
    expect(message).toContain('not among what the model is for (nothing)')
    expect(message).toContain('Ask a model that does: able.')
    expect(house.admission.asked.map(({ model }) => model)).toEqual(['able'])
  })

  test.each(['/tokenize', '/detokenize', '/infill'])('%s needs no `model` where only one is here', async (path) => {
    const { engine, house } = await setScene(answering)
    await send(house, path, { content: 'a' })
    expect(engine.requests[0]?.body.toString()).toBe('{"model":"m","content":"a"}')
  })

  test('nor where one is aliased `default`; else it is asked for', async () => {
    const models = [modelView('a'), modelView('b', { aliases: ['default'] })]
    const { house } = await setScene(answering, { models })
    expect((await send(house, '/tokenize', {})).headers.get('x-enginehouse-model')).toBe('b')
    const other = await setScene(answering, { models: [modelView('a'), modelView('b')] })
    expect((await errorOf(await send(other.house, '/tokenize', {}))).code).toBe('model_required')
  })

  test('an answer that is no JSON passes with its bytes', async () => {
    const sound = Buffer.from([0xff, 0xfb, 0x90, 0x00, 0x0d, 0x0a, 0x22])
    const head = `HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\ncontent-length: ${sound.length}\r\n\r\n`
    const { house } = await setScene({
      answer: ({ socket }) => void socket.write(Buffer.concat([Buffer.from(head), sound])),
    })
    const response = await send(house, '/v1/audio/speech', { model: 'm', input: 'a' })
    expect(response.headers.get('content-type')).toBe('audio/mpeg')
    expect(Buffer.from(await response.arrayBuffer())).toEqual(sound)
  })

  test('what an engine has not built is the request’s fault, so that nobody sends it again', async () => {
    const error = { error: { code: 501, message: 'no such token', type: 'not_supported_error' } }
    const { house } = await setScene({
      answer: ({ socket }) => void socket.write(jsonAnswer(error, '501 Not Implemented')),
    })
    const response = await send(house, '/infill', { model: 'm' })
    expect([response.status, await response.json()]).toEqual([400, error])
    expect(house.admission.released).toEqual(['complete'])
  })
})

describe('headers', () => {
  const SENT = {
    'anthropic-version': '2023-06-01',
    'anthropic-beta': 'tools',
    'x-api-key': 'client-secret',
    'x-conversation-id': 'c',
  }
  const namesOf = ({ head }: SeenRequest): readonly string[] =>
    head.split('\r\n').flatMap((line) => Object.keys(SENT).filter((name) => line.startsWith(`${name}:`)))

  test.each(PASSED.map(({ path }) => path))('%s gets none of a client but its protocol’s own', async (path) => {
    const { engine, house } = await setScene(answering)
    await send(house, path, { model: 'm' }, SENT)
    const [request] = engine.requests
    if (request === undefined) throw new Error('the engine was not asked')
    expect(namesOf(request)).toEqual(path.startsWith('/v1/messages') ? ['anthropic-version', 'anthropic-beta'] : [])
    expect(request.head).toContain('authorization: Bearer engine-key')
    expect(request.head).not.toContain('client-secret')
  })
})

describe('leaving', () => {
  test.each(PASSED.map(({ path }) => path))('a client of %s that leaves cancels the engine', async (path) => {
    const { engine, house } = await setScene({
      answer: ({ socket }) => void socket.write(STREAM_HEAD + chunk('event: first\ndata: {}\n\n')),
    })
    const client = rawClient({ port: house.port })
    client.write(post('{"model":"m","stream":true}', { path }))
    await client.until('event: first')
    client.socket.destroy()
    await engine.when(({ endedByPeer }) => endedByPeer === 1)
    expect(house.admission.released).toEqual(['client_gone'])
  })
})

describe('tokens', () => {
  const event = (name: string, data: object): string => `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`
  const message = [
    event('message_start', {
      message: { usage: { cache_read_input_tokens: 32, input_tokens: 1, output_tokens: 0 } },
    }),
    event('content_block_delta', { delta: { text: 'a' } }),
    event('message_delta', { usage: { output_tokens: 2 } }),
    event('message_stop', { type: 'message_stop' }),
  ]
  const response = [
    event('response.created', { response: { usage: null } }),
    event('response.completed', {
      response: { usage: { input_tokens: 25, output_tokens: 2, input_tokens_details: { cached_tokens: 24 } } },
    }),
  ]

  test.each([
    ['/v1/messages', 'in pieces', message, 33],
    ['/v1/messages', 'at once', [message.join('')], 33],
    ['/v1/responses', 'in pieces', response, 25],
    ['/v1/responses', 'at once', [response.join('')], 25],
  ])('of a stream of %s that comes %s are counted', async (path, _, pieces, input) => {
    const { house } = await setScene({
      answer: ({ socket }) => void socket.write(STREAM_HEAD + pieces.map(chunk).join('') + LAST_CHUNK),
    })
    expect(await (await send(house, path, { model: 'm', stream: true })).text()).toBe(pieces.join(''))
    const text = await house.scrape()
    expect(text).toContain(`enginehouse_tokens_total{model="m",type="input"} ${input}`)
    expect(text).toContain('enginehouse_tokens_total{model="m",type="output"} 2')
  })
})

describe('errors of /v1/messages', () => {
  interface Said {
    readonly type: string
    readonly request_id: string
    readonly error: { readonly type: string; readonly message: string; readonly code?: string }
  }
  const ask = async (house: House, body: unknown): Promise<readonly [Response, Said]> => {
    const answer = await send(house, '/v1/messages', body, { 'x-request-id': 'mine' })
    return [answer, (await answer.json()) as Said]
  }

  test.each([
    ['an unknown model', { model: 'n' }, 404, 'not_found_error', 'model_not_found'],
    ['a wrong field', { model: 'm', stream: 1 }, 400, 'invalid_request_error', 'parameter_invalid'],
    [
      'a body that is too large',
      { model: 'm', x: 'x'.repeat(1024 * 1024) },
      413,
      'request_too_large',
      'body_too_large',
    ],
  ])('%s is said in Anthropic’s shape', async (_, body, status, type, code) => {
    const { house } = await setScene(answering)
    const [response, said] = await ask(house, body)
    expect(response.status).toBe(status)
    expect(said).toMatchObject({ type: 'error', request_id: 'mine', error: { type, code } })
    expect(response.headers.get('x-should-retry')).toBe('false')
  })

  test.each([
    [new EnginehouseError('model_loading', { model: 'm' }), 529, 'overloaded_error', '5'],
    [
      new EnginehouseError('model_failed', { model: 'm', class: 'exited', detail: 'gone.', retryAt: null }),
      503,
      'api_error',
      null,
    ],
    [new EnginehouseError('queue_timeout', { model: 'm', waited: 1 }), 504, 'timeout_error', '5'],
  ])('%s', async (error, status, type, after) => {
    const { house } = await setScene(answering)
    house.admission.grant = () => Promise.reject(error)
    const [response, said] = await ask(house, { model: 'm' })
    expect([response.status, said.error.type, response.headers.get('retry-after')]).toEqual([status, type, after])
    expect(house.accessEntries[0]?.status).toBe(status)
  })

  test.each([
    [
      'OpenAI’s, as llama-server’s',
      { error: { code: 400, message: 'too long', type: 'exceed_context_size_error', n_ctx: 512 } },
      { type: 'invalid_request_error', message: 'too long', code: 400, n_ctx: 512 },
    ],
    ['a text', { error: 'too long' }, { type: 'invalid_request_error', message: 'too long' }],
    [
      'a validator’s',
      { detail: [{ loc: ['body'] }] },
      { type: 'invalid_request_error', message: '[{"loc":["body"]}]' },
    ],
  ])('an engine’s error in another shape (%s) is put into it', async (_, body, error) => {
    const { house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(body, '400 No')) })
    const [response, said] = await ask(house, { model: 'm' })
    expect(response.status).toBe(400)
    expect(said).toEqual({ type: 'error', request_id: 'mine', error })
  })

  test('one that has it passes as it is', async () => {
    const body = { type: 'error', error: { type: 'invalid_request_error', message: 'no' } }
    const { house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(body, '400 No')) })
    expect((await ask(house, { model: 'm' }))[1]).toEqual(body)
  })

  test('one that says nothing has its status', async () => {
    const { house } = await setScene({
      answer: ({ socket }) => void socket.write('HTTP/1.1 413 No\r\ncontent-length: 0\r\n\r\n'),
    })
    const [response, said] = await ask(house, { model: 'm' })
    expect([response.status, said.error.type]).toEqual([413, 'request_too_large'])
  })
})

describe('a stream that cannot go on', () => {
  test.each([
    [
      '/v1/messages',
      /event: error\ndata: \{"type":"error","error":\{"type":"api_error","message":".+","param":null,"code":"engine_crashed"/,
    ],
    [
      '/v1/responses',
      /event: error\ndata: \{"type":"error","code":"engine_crashed","message":".+","param":null,"error":\{/,
    ],
    [
      '/v1/completions',
      /\ndata: \{"error":\{"message":".+","type":"server_error","param":null,"code":"engine_crashed"/,
    ],
  ])('%s says so in its protocol, and is cut', async (path, said) => {
    const { house } = await setScene({
      answer: ({ socket }) => void socket.write(STREAM_HEAD + chunk('event: first\ndata: {}\n\n')),
    })
    const client = rawClient({ port: house.port })
    client.write(post('{"model":"m","stream":true}', { path }))
    await client.until('event: first')
    house.admission.end()
    await client.closed
    expect(client.received).toMatch(said)
    expect(client.received.endsWith(LAST_CHUNK)).toBe(false)
  })
})

describe('a stream that ends with its connection', () => {
  const HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n'
  const large = JSON.stringify({ response: { output: 'x'.repeat(1000) } })

  test.each([
    ['/v1/messages', 'event: message_stop\ndata: {"type":"message_stop"}\n\n', 'complete'],
    ['/v1/messages', 'event: content_block_delta\ndata: {"text":"message_stop"}\n\n', 'engine_error'],
    ['/v1/responses', `event: response.completed\ndata: ${large}\n\n`, 'complete'],
    ['/v1/responses', `event: response.completed\ndata: ${large.slice(0, 500)}`, 'engine_error'],
    ['/v1/responses', 'event: response.output_text.done\ndata: {"a":1}\n\n', 'engine_error'],
  ])('%s is whole when it said so: %.30j', async (path, events, outcome) => {
    const { house } = await setScene({
      answer: ({ socket }) => {
        // Its last event comes in two pieces.
        socket.write(HEAD + events.slice(0, 12), () => socket.end(events.slice(12)))
      },
    })
    const client = await exchangeBytes(
      house.port,
      post('{"model":"m","stream":true}', { path, headers: 'connection: close\r\n' }),
    )
    expect(house.admission.released).toEqual([outcome])
    expect(client.received.includes('engine_crashed')).toBe(outcome === 'engine_error')
  })
})
