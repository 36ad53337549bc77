import OpenAI from 'openai'
import { describe, expect, test } from 'vitest'
import { EnginehouseError } from '../../src/core/index.ts'
import type { Lease, ModelView } from '../../src/core/index.ts'
import { waitingFor } from '../../src/gateway/heartbeat.ts'
import { gate } from './support/gate.ts'
import { modelView } from './support/house.ts'
import type { House, HouseOptions } from './support/house.ts'
import { post, rawClient } from './support/raw-client.ts'
import type { RawClient } from './support/raw-client.ts'
import { chunk, jsonAnswer, LAST_CHUNK, STREAM_HEAD, token } from './support/raw-engine.ts'
import type { RawEngine, SeenRequest } from './support/raw-engine.ts'
import { setScene } from './support/scene.ts'

const LOADING = modelView('m', { status: 'loading', phase: 'starting' })
/** At once, and again and again. */
const SOON = { after: 1, every: 1 }
const NEVER = { after: 2 ** 30, every: 2 ** 30 }
const DONE = 'data: [DONE]\n\n'

interface Waiting {
  readonly engine: RawEngine
  readonly house: House
  /** Ends the wait. */
  grant(change?: Partial<Lease>): void
  deny(error: EnginehouseError): void
  /** Of the wait: the client left, or was refused. */
  readonly signal: Promise<AbortSignal>
}

/** A house in which every request waits until it is told otherwise. */
async function wait(answer: (request: SeenRequest) => void, options: HouseOptions = {}): Promise<Waiting> {
  const scene = await setScene({ answer }, { models: [LOADING, modelView('small')], heartbeat: SOON, ...options })
  const signalled = gate<AbortSignal>()
  let decide: { resolve: (lease: Lease) => void; reject: (error: unknown) => void; lease: Lease } | null = null
  scene.house.admission.grant = (lease, signal) => {
    signalled.open(signal)
    return new Promise((resolve, reject) => {
      decide = { resolve, reject, lease }
    })
  }
  return {
    ...scene,
    signal: signalled.opened,
    grant: (change = {}) => decide?.resolve({ ...decide.lease, coldStart: 5, ...change }),
    deny: (error) => decide?.reject(error),
  }
}

function ask({ house }: Waiting, path = '/v1/chat/completions', more = ''): RawClient {
  const client = rawClient({ port: house.port })
  client.write(post(`{"model":"m","stream":true${more}}`, { path, headers: 'x-request-id: mine\r\n' }))
  return client
}

const streaming = ({ socket }: SeenRequest): void =>
  void socket.write(STREAM_HEAD + chunk(token('a')) + chunk(DONE) + LAST_CHUNK)

describe('a stream that waits', () => {
  test.each([
    ['/v1/chat/completions', ': m is loading\n\n', ''],
    ['/v1/completions', ': m is loading\n\n', ''],
    ['/v1/responses', ': m is loading\n\n', ''],
    ['/v1/messages', 'event: ping\ndata: {"type":"ping"}\n\n', ''],
    ['/generate_stream', ': m is loading\n\n', ',"inputs":"p"'],
  ])('of %s hears of it, again and again', async (path, sign, more) => {
    const client = ask(await wait(streaming), path, more)
    await client.until(`${chunk(sign)}${chunk(sign)}`)
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\nx-request-id: mine\r\ncontent-type: text\/event-stream\r\n/)
    expect(client.received).toMatch(/\r\nx-accel-buffering: no\r\n/)
    expect(client.received).not.toContain('x-enginehouse-')
  })

  test('of Codex hears an event at times, as comments do not count for it', async () => {
    const waiting = await wait(streaming)
    const client = rawClient({ port: waiting.house.port })
    const headers = 'user-agent: codex_cli_rs/0.50.0\r\n'
    client.write(post('{"model":"m","stream":true}', { path: '/v1/responses', headers }))
    await client.until('data: {"type":"keepalive","sequence_number":1}\n\n')
    const signs = client.received.match(/: m is loading|"sequence_number":\d+/g)
    expect(signs?.slice(0, 7)).toEqual([
      '"sequence_number":0',
      ...Array.from({ length: 5 }, () => ': m is loading'),
      '"sequence_number":1',
    ])
  })

  test('gets the engine’s bytes behind the signs of life', async () => {
    const waiting = await wait(streaming)
    const client = ask(waiting)
    await client.until('is loading')
    waiting.grant()
    await client.until(LAST_CHUNK)
    expect(client.received.match(/HTTP\/1\.1/g)).toHaveLength(1)
    expect(client.received.slice(client.received.indexOf('data: '))).toContain(`"content":"a"`)
    expect(client.received).toContain(DONE)
    expect(waiting.house.admission.released).toEqual(['complete'])
  })

  test('hears who answers in its place, as the head is gone', async () => {
    const waiting = await wait(streaming)
    const client = ask(waiting)
    await client.until('is loading')
    waiting.grant({ model: 'small', fallbackFrom: 'm' })
    await client.until(LAST_CHUNK)
    expect(client.received).toContain(': small answers in place of m\n\n')
  })

  test('hears nothing before the silence is over: a refusal has its status', async () => {
    const waiting = await wait(streaming, { heartbeat: NEVER })
    const client = ask(waiting)
    await waiting.signal
    waiting.deny(new EnginehouseError('server_overloaded', { waiting: 8, limit: 8 }))
    await client.until('server_overloaded')
    expect(client.received).toMatch(/^HTTP\/1\.1 503 /)
  })

  test.each([
    ['/v1/chat/completions', /\ndata: \{"error":\{"message":.+"code":"model_failed"/],
    ['/v1/responses', /\nevent: error\ndata: \{"type":"error","code":"model_failed"/],
    ['/v1/messages', /\nevent: error\ndata: \{"type":"error","error":\{"type":"api_error"/],
  ])('of %s is told of a load that failed, and cut', async (path, said) => {
    const waiting = await wait(streaming)
    const client = ask(waiting, path)
    await client.until('\n\n')
    await client.until(path === '/v1/messages' ? 'ping' : 'is loading')
    waiting.deny(new EnginehouseError('model_failed', { model: 'm', class: 'exited', detail: 'gone.', retryAt: null }))
    await client.closed
    expect(client.received).toMatch(said)
    expect(client.received.endsWith(LAST_CHUNK)).toBe(false)
  })

  test('is cancelled when its client leaves', async () => {
    const waiting = await wait(streaming)
    const client = ask(waiting)
    await client.until('is loading')
    client.socket.destroy()
    const signal = await waiting.signal
    await new Promise<void>((resolve) => {
      if (signal.aborted) resolve()
      else signal.addEventListener('abort', () => resolve())
    })
    expect(signal.aborted).toBe(true)
  })
})

describe('an engine that refuses after the head is out', () => {
  const refusing =
    (body: unknown, status = '400 Bad Request') =>
    ({ socket }: SeenRequest): void =>
      void socket.write(jsonAnswer(body, status))
  const OWN = { error: { code: 400, message: 'too long', type: 'exceed_context_size_error', n_ctx: 512 } }

  test.each([
    ['/v1/chat/completions', OWN, `\ndata: ${JSON.stringify(OWN)}\n\n`],
    ['/v1/chat/completions', { detail: 'no' }, `"error":{"message":"no","type":"invalid_request_error"`],
    [
      '/v1/responses',
      OWN,
      'event: error\ndata: {"type":"error","code":400,"message":"too long","param":null,"error":{',
    ],
    ['/v1/messages', OWN, '"error":{"type":"invalid_request_error","message":"too long","code":400,"n_ctx":512}'],
  ])('of %s says %j as its last event', async (path, body, said) => {
    const waiting = await wait(refusing(body))
    const client = ask(waiting, path)
    await client.until(path === '/v1/messages' ? 'ping' : 'is loading')
    waiting.grant()
    await client.closed
    expect(client.received).toContain(said)
    expect(client.received.endsWith(LAST_CHUNK)).toBe(false)
    expect(waiting.house.admission.released).toEqual(['complete'])
  })

  test.each([
    ['with nothing', 'HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n', 'engine_refused'],
    ['with a whole answer where a stream was asked for', jsonAnswer({ ok: true }), 'engine_protocol'],
    [
      'with no JSON',
      'HTTP/1.1 400 No\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n<>',
      'engine_protocol',
    ],
  ])('%s is told as an error of ours', async (_, answer, code) => {
    const waiting = await wait(({ socket }) => void socket.write(answer))
    const client = ask(waiting)
    await client.until('is loading')
    waiting.grant()
    await client.closed
    expect(client.received).toContain(`"code":"${code}"`)
    expect(waiting.house.admission.released).toEqual(['engine_error'])
  })
})

describe('what is no stream', () => {
  test.each([
    ['/v1/chat/completions', { model: 'm' }],
    ['/v1/embeddings', { model: 'm', stream: true }],
    ['/v1/messages/count_tokens', { model: 'm', stream: true }],
  ])('%s %j waits in silence', async (path, body) => {
    const waiting = await wait(() => {})
    const silent = rawClient({ port: waiting.house.port })
    silent.write(post(JSON.stringify(body), { path }))
    await waiting.signal
    // Time enough for a sign of life: a stream that came later has one.
    await ask(waiting).until('is loading')
    expect(silent.received).toBe('')
  })
})

describe('one answer whose client said how long it bears silence', () => {
  const impatient = (
    { house }: Waiting,
    path = '/v1/chat/completions',
    header = 'x-stainless-read-timeout: 0.001',
  ): RawClient => {
    const client = rawClient({ port: house.port })
    client.write(post('{"model":"m"}', { path, headers: `${header}\r\n` }))
    return client
  }
  const answering = ({ socket }: SeenRequest): void => void socket.write(jsonAnswer({ ok: true }))
  const BLANK = chunk('\n')

  test.each([
    ['/v1/chat/completions', 'x-stainless-read-timeout: 0.001'],
    ['/v1/messages', 'x-stainless-timeout: 0.001'],
    ['/v1/embeddings', 'x-stainless-read-timeout: 0.001'],
  ])('%s: blanks come before it', async (path, header) => {
    const waiting = await wait(answering)
    const client = impatient(waiting, path, header)
    await client.until(BLANK + BLANK)
    waiting.grant()
    await client.until(LAST_CHUNK)
    expect(client.received).toMatch(/^HTTP\/1\.1 200 OK\r\nx-request-id: .+\r\ncontent-type: application\/json\r\n/)
    expect(client.received).toContain(chunk('{"ok":true}'))
    expect(waiting.house.admission.released).toEqual(['complete'])
  })

  test.each([
    ['x-stainless-read-timeout: 600', 'is not yet at its end'],
    ['x-stainless-read-timeout: never', 'is no number'],
  ])('%s: silence, as its patience %s', async (header) => {
    const waiting = await wait(answering)
    const client = impatient(waiting, undefined, header)
    await waiting.signal
    await ask(waiting).until('is loading')
    expect(client.received).toBe('')
  })

  test.each([
    ['a load that failed', (waiting: Waiting) => waiting.deny(new EnginehouseError('unloaded', { model: 'm' })), []],
    [
      'a fallback, which no header can name any more',
      (waiting: Waiting) => waiting.grant({ model: 'small', fallbackFrom: 'm' }),
      ['complete'],
    ],
  ] as const)('%s breaks it off', async (_, end, released) => {
    const waiting = await wait(answering)
    const client = impatient(waiting)
    await client.until(BLANK)
    end(waiting)
    await client.closed
    expect(client.received).not.toContain('{')
    expect(client.received.endsWith(LAST_CHUNK)).toBe(false)
    expect(waiting.house.admission.released).toEqual(released)
  })

  test.each([
    ['passed', jsonAnswer({ error: { message: 'teapot' } }, '400 Bad Request')],
    ['passed', jsonAnswer({ error: { message: 'teapot' } }, '500 No')],
    ['gathered', `${STREAM_HEAD}${chunk('data: {"error":{"code":400,"message":"teapot"}}\n\n')}${LAST_CHUNK}`],
    ['passed', 'HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 6\r\n\r\nteapot'],
  ] as const)('an engine’s own error (%s) breaks it off: %.60j', async (plainAnswers, answer) => {
    const waiting = await wait(({ socket }) => void socket.write(answer))
    const client = impatient(waiting)
    await client.until(BLANK)
    waiting.grant({ plainAnswers })
    await client.closed
    expect(client.received).not.toContain('teapot')
    expect(client.received.endsWith(LAST_CHUNK)).toBe(false)
  })

  test('a gathered answer follows them', async () => {
    const waiting = await wait(streaming)
    const client = impatient(waiting)
    await client.until(BLANK)
    waiting.grant({ plainAnswers: 'gathered' })
    await client.until(LAST_CHUNK)
    expect(client.received).toContain('"content":"a"')
    expect(client.received).not.toContain('data:')
  })
})

test('OpenAI’s client takes no notice of the signs, and raises what comes to nothing', async () => {
  const waiting = await wait(streaming)
  const client = new OpenAI({ baseURL: `${waiting.house.url}/v1`, apiKey: 'unused', maxRetries: 0 })
  const messages: OpenAI.ChatCompletionMessageParam[] = [{ role: 'user', content: 'hello' }]
  const stream = await client.chat.completions.create({ model: 'm', messages, stream: true })
  waiting.grant()
  const contents: unknown[] = []
  for await (const part of stream) contents.push(part.choices[0]?.delta.content)
  expect(contents).toEqual(['a'])

  const second = await client.responses.create({ model: 'm', input: 'hello', stream: true })
  waiting.deny(new EnginehouseError('model_failed', { model: 'm', class: 'exited', detail: 'gone.', retryAt: null }))
  const read = async (): Promise<void> => {
    for await (const event of second) contents.push(event)
  }
  await expect(read()).rejects.toMatchObject({ code: 'model_failed' })
})

test.each([
  [undefined, 'm is busy'],
  [modelView('m'), 'm is busy'],
  [modelView('m', { status: 'loading', phase: 'waiting' }), 'm waits for memory'],
  [modelView('m', { status: 'downloading', phase: 'fetching' }), 'm is being fetched'],
  [LOADING, 'm is loading'],
  [
    modelView('m', {
      status: 'loading',
      phase: 'starting',
      instance: {
        id: 'm-1',
        pid: 1,
        argv: [],
        startedAt: 0,
        readyAt: null,
        progress: 0.428,
        step: 'weights',
        figures: null,
      },
    }),
    'm is loading (weights), 43 %',
  ],
] satisfies readonly (readonly [ModelView | undefined, string])[])('%#: what is said', (view, words) => {
  expect(waitingFor('m', view)).toBe(words)
})
