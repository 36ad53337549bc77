import { expect, test } from 'vitest'
import { chunk, jsonAnswer, LAST_CHUNK, STREAM_HEAD, token } from './support/raw-engine.ts'
import type { SeenRequest } from './support/raw-engine.ts'
import { exchangeBytes, post, rawClient } from './support/raw-client.ts'
import type { RawClient } from './support/raw-client.ts'
import { ask, errorOf, setScene } from './support/scene.ts'

const DONE = 'data: [DONE]\n\n'
const UNFRAMED_STREAM = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\n\r\n'
const UNFRAMED_JSON = 'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n\r\n'
const JSON_BODY = JSON.stringify({ object: 'chat.completion', choices: [] })

type End = 'fin' | 'reset'
const ends: readonly End[] = ['fin', 'reset']

/** Writes, and ends the connection once the bytes are on their way. */
function cutAfter(bytes: string, end: End): (request: SeenRequest) => void {
  return ({ socket }) => {
    socket.write(bytes, () => (end === 'fin' ? socket.end() : socket.resetAndDestroy()))
  }
}

/** Sends a streaming request and reads until the gateway ends the connection. */
function stream(port: number): Promise<RawClient> {
  return exchangeBytes(port, post('{"model":"m","stream":true}'))
}

for (const end of ends) {
  test.each([
    ['in the middle of a chunk', `${STREAM_HEAD}${chunk(token('a'))}40\r\ndata: {"cho`],
    ['between two chunks', `${STREAM_HEAD}${chunk(token('a'))}`],
    ['without a last chunk, though all was said', `${STREAM_HEAD}${chunk(token('a'))}${chunk(DONE)}`],
    ['without framing and without [DONE]', `${UNFRAMED_STREAM}${token('a')}`],
  ])(`a stream cut by ${end} %s ends with one error event and a cut connection`, async (_, bytes) => {
    // A reset may overtake what was written before it: only the order of what does arrive is certain.
    const { house } = await setScene({ answer: cutAfter(bytes, end) })
    const client = await stream(house.port)
    if (client.received.includes(' 200 OK')) {
      expect(client.received.match(/"code":"engine_crashed"/g)).toHaveLength(1)
      expect(client.received.endsWith(LAST_CHUNK)).toBe(false)
    } else {
      expect(client.received).toMatch(/^HTTP\/1.1 502 /)
    }
    expect(house.admission.released).toEqual(['engine_error'])
  })
}

test('an unframed stream that said [DONE] is whole', async () => {
  const { house } = await setScene({ answer: cutAfter(UNFRAMED_STREAM + token('a') + DONE, 'fin') })
  const response = await ask(house, { model: 'm', stream: true })
  expect(await response.text()).toBe(token('a') + DONE)
  expect(house.admission.released).toEqual(['complete'])
})

test('an HTTP/1.0 client, whose body ends with its connection, sees a cut body as a reset', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket }) => {
      socket.write(
        `HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ntransfer-encoding: chunked\r\n\r\n${chunk('{"a":')}`,
      )
    },
  })
  const client = rawClient({ port: house.port })
  client.write(post('{"model":"m"}', { version: '1.0' }))
  await client.until('{"a":')
  engine.requests[0]?.socket.end()
  await client.closed
  expect(client.end).toBe('reset')
})

test('an unframed answer that cannot show its end is refused', async () => {
  const sound = 'HTTP/1.1 200 OK\r\ncontent-type: audio/mpeg\r\n\r\nabc'
  const { house } = await setScene({ answer: cutAfter(sound, 'fin') })
  expect(await errorOf(await ask(house))).toMatchObject({
    code: 'engine_protocol',
    message: expect.stringContaining('neither a length nor chunks') as string,
  })
  expect(house.admission.released).toEqual(['engine_error'])
})

test('an unframed JSON answer passes with a length when it parses, and is an error when it does not', async () => {
  const { house } = await setScene({
    answer: (request) =>
      cutAfter(UNFRAMED_JSON + (request.nth === 1 ? JSON_BODY : JSON_BODY.slice(0, -3)), 'fin')(request),
  })
  const whole = await ask(house)
  expect(whole.headers.get('content-length')).toBe(String(JSON_BODY.length))
  expect(await whole.text()).toBe(JSON_BODY)
  const cut = await ask(house)
  expect(cut.status).toBe(502)
  expect((await errorOf(cut)).code).toBe('engine_crashed')
  expect(house.admission.released).toEqual(['complete', 'engine_error'])
})

test('a JSON answer cut inside its length is never whole for the client', async () => {
  const { house } = await setScene({ answer: cutAfter(jsonAnswer({ a: 'b' }).slice(0, -3), 'fin') })
  const client = await exchangeBytes(house.port, post('{"model":"m"}'))
  const [head = '', body = ''] = client.received.split('\r\n\r\n')
  expect(body.length).toBeLessThan(Number(/content-length: (\d+)/.exec(head)?.[1]))
  expect(house.admission.released).toEqual(['engine_error'])
})

test('no answer at all is a 502, and asked for once', async () => {
  const { engine, house } = await setScene({ answer: ({ socket }) => void socket.end() })
  const response = await ask(house)
  expect(response.status).toBe(502)
  expect(response.headers.get('retry-after')).toBe('5')
  expect(await errorOf(response)).toMatchObject({ code: 'engine_crashed', type: 'server_error' })
  expect(engine.requests).toHaveLength(1)
})

test('an engine that nobody listens for is a 502', async () => {
  const { engine, house } = await setScene({ answer: () => {} })
  await engine.close()
  const response = await ask(house)
  expect(response.status).toBe(502)
  expect((await errorOf(response)).code).toBe('engine_crashed')
})

test('a reused connection that dies before any byte of the answer is tried again, once, on a fresh one', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket, nthOnSocket }) => {
      if (nthOnSocket === 1) socket.write(jsonAnswer({ ok: true }))
      else socket.resetAndDestroy()
    },
  })
  for (let count = 0; count < 4; count++) {
    const response = await ask(house)
    expect(response.status).toBe(200)
    expect(await response.json()).toEqual({ ok: true })
  }
  expect(house.admission.released).toEqual(['complete', 'complete', 'complete', 'complete'])
  // First; reused and dead, fresh; that one was not kept, so a new one; reused and dead, fresh.
  expect(engine.requests.map(({ nthOnSocket }) => nthOnSocket)).toEqual([1, 2, 1, 1, 2, 1])
})

test('a fresh connection that dies is not tried again, and a retry that dies is the end', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket, nth }) => {
      if (nth === 1) socket.write(jsonAnswer({ ok: true }))
      else socket.resetAndDestroy()
    },
  })
  expect((await ask(house)).status).toBe(200)
  expect((await ask(house)).status).toBe(502)
  expect(engine.requests).toHaveLength(3)
})

test('a reused connection that dies after the first byte of the answer is not tried again', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket, nth }) => {
      if (nth === 1) socket.write(jsonAnswer({ ok: true }))
      else socket.write('HTTP/1.1 200 ', () => socket.end())
    },
  })
  expect((await ask(house)).status).toBe(200)
  expect((await ask(house)).status).toBe(502)
  expect(engine.requests).toHaveLength(2)
})

test('an instance that ends cuts its requests in every phase and no other', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket, nth }) => {
      if (nth === 2) socket.write(STREAM_HEAD + chunk(token('a')))
      if (nth === 3) socket.write(jsonAnswer({ ok: true }))
    },
  })
  const silent = ask(house)
  await engine.when(({ requests }) => requests.length === 1)
  const streaming = rawClient({ port: house.port })
  streaming.write(post('{"model":"m","stream":true}'))
  await streaming.until('"content":"a"')
  house.admission.end()
  expect((await errorOf(await silent)).code).toBe('engine_crashed')
  await streaming.closed
  expect(streaming.received).toContain('"code":"engine_crashed"')
  expect(streaming.received.endsWith(LAST_CHUNK)).toBe(false)
  expect(house.admission.released).toEqual(['engine_error', 'engine_error'])
  await engine.when(({ endedByPeer }) => endedByPeer === 2)
  expect((await ask(house)).status).toBe(200)
})
