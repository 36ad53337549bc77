import { connect } from 'node:net'
import { expect, test } from 'vitest'
import type { Lease } from '../../src/core/index.ts'
import { rawClient, post } from './support/raw-client.ts'
import { chunk, LAST_CHUNK, STREAM_HEAD, token } from './support/raw-engine.ts'
import { setScene } from './support/scene.ts'

const STREAM = post('{"model":"m","stream":true}')

test('what runs finishes, what comes new is refused, and nothing stays open', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket }) => void socket.write(STREAM_HEAD + chunk(token('a'))),
  })
  const running = rawClient({ port: house.port })
  running.write(STREAM)
  await running.until('"content":"a"')
  const kept = rawClient({ port: house.port })
  kept.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n')
  await kept.until('{"status":"ok"}')
  kept.write('POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\n')
  const silent = connect(house.port, '127.0.0.1')
  await new Promise<void>((resolve) => silent.once('connect', () => resolve()))
  expect(house.gateway.requests.all().length).toBe(1)

  const drained = house.gateway.drain({ deadlineSignal: new AbortController().signal })
  kept.write('content-length: 13\r\n\r\n{"model":"m"}')
  await kept.closed
  expect(kept.received).toMatch(/HTTP\/1.1 503 [^]*connection: close[^]*"code":"shutting_down"/)
  await expect(fetch(`${house.url}/livez`)).rejects.toThrow()

  engine.requests[0]?.socket.write(chunk(token('b')) + chunk('data: [DONE]\n\n') + LAST_CHUNK)
  await running.closed
  expect(running.received.endsWith(LAST_CHUNK)).toBe(true)
  await drained
  expect(house.gateway.requests.all().length).toBe(0)
  expect(house.admission.released).toEqual(['complete'])
})

test('at the deadline each request gets its one terminal error: waiting, silent, streaming', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket, nth }) => void (nth === 1 && socket.write(STREAM_HEAD + chunk(token('a')))),
  })
  const streaming = rawClient({ port: house.port })
  streaming.write(STREAM)
  await streaming.until('"content":"a"')
  const silent = rawClient({ port: house.port })
  silent.write(STREAM)
  await engine.when(({ requests }) => requests.length === 2)
  const signals: AbortSignal[] = []
  house.admission.grant = (_, signal) => {
    signals.push(signal)
    return new Promise<Lease>((_resolve, reject) =>
      signal.addEventListener('abort', () => reject(signal.reason as Error)),
    )
  }
  const waiting = rawClient({ port: house.port })
  waiting.write(STREAM)
  const deadline = new AbortController()
  while (house.gateway.requests.all().length < 3) await new Promise((resolve) => setImmediate(resolve))
  const drained = house.gateway.drain({ deadlineSignal: deadline.signal })
  deadline.abort()
  await drained
  await Promise.all([streaming.closed, silent.closed, waiting.closed])
  for (const client of [streaming, silent, waiting]) {
    expect(client.received.match(/"code":"shutting_down"/g)).toHaveLength(1)
    expect(client.received.endsWith(LAST_CHUNK)).toBe(false)
  }
  expect(silent.received).toMatch(/^HTTP\/1.1 503 /)
  expect(waiting.received).toMatch(/^HTTP\/1.1 503 /)
  expect(signals.map(({ aborted }) => aborted)).toEqual([true])
  expect(house.admission.released).toEqual(['failed', 'failed'])
  await engine.when(({ endedByPeer }) => endedByPeer === 2)
})

test('a drain without work is over at once, and a second one does no harm', async () => {
  const { house } = await setScene({ answer: () => {} })
  await house.gateway.drain({ deadlineSignal: new AbortController().signal })
})
