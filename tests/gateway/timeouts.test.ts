import { expect, test } from 'vitest'
import type { AnswerTimeouts } from '../../src/core/index.ts'
import { modelView } from './support/house.ts'
import type { HouseOptions } from './support/house.ts'
import { post, rawClient } from './support/raw-client.ts'
import { chunk, jsonAnswer, LAST_CHUNK, STREAM_HEAD, token } from './support/raw-engine.ts'
import { ask, errorOf, setScene } from './support/scene.ts'

const NEVER: AnswerTimeouts = { firstByte: null, betweenBytes: null, total: null }

function limits(timeouts: Partial<AnswerTimeouts>): HouseOptions {
  return { models: [modelView('m', { timeouts: { ...NEVER, ...timeouts } })] }
}

test('an engine that says nothing is 504 at `first_byte`, and is told to stop', async () => {
  const { engine, house } = await setScene({ answer: () => {} }, limits({ firstByte: 50, betweenBytes: 1 }))
  const response = await ask(house)
  expect(response.status).toBe(504)
  expect(await errorOf(response)).toMatchObject({
    code: 'engine_timeout',
    facts: { model: 'm', limit: 'first_byte', after: 50 },
  })
  expect(response.headers.get('x-should-retry')).toBe('false')
  await engine.when(({ endedByPeer }) => endedByPeer === 1)
  expect(house.admission.released).toEqual(['stalled'])
})

test('a stream whose head came and nothing else ends with an error event and a cut connection', async () => {
  const { house } = await setScene(
    { answer: ({ socket }) => void socket.write(STREAM_HEAD) },
    limits({ firstByte: 500 }),
  )
  const client = rawClient({ port: house.port })
  client.write(post('{"model":"m","stream":true}'))
  await client.closed
  expect(client.received).toMatch(/^HTTP\/1.1 200 /)
  expect(client.received).toContain('"limit":"first_byte"')
  expect(client.received).not.toContain(LAST_CHUNK)
})

test('a stream that falls silent ends so at `between_bytes`, however long the first byte may take', async () => {
  const { engine, house } = await setScene(
    { answer: ({ socket }) => void socket.write(STREAM_HEAD + chunk(token('a'))) },
    limits({ firstByte: 3_600_000, betweenBytes: 50 }),
  )
  const client = rawClient({ port: house.port })
  client.write(post('{"model":"m","stream":true}'))
  await client.closed
  expect(client.received).toContain('"content":"a"')
  expect(client.received).toContain('"limit":"between_bytes"')
  expect(client.received).not.toContain(LAST_CHUNK)
  await engine.when(({ endedByPeer }) => endedByPeer === 1)
})

test('a stream that never falls silent ends at `total`', async () => {
  const { house } = await setScene(
    {
      answer({ socket }) {
        socket.write(STREAM_HEAD)
        const timer = setInterval(() => (socket.writable ? socket.write(chunk(token('a'))) : clearInterval(timer)), 10)
      },
    },
    // Long enough for the head of the stream to come first, also where the machine is busy.
    limits({ firstByte: 10_000, betweenBytes: 10_000, total: 1_000 }),
  )
  const client = rawClient({ port: house.port })
  client.write(post('{"model":"m","stream":true}'))
  await client.closed
  expect(client.received).toContain('"limit":"total"')
})

test('an answer within its limits passes, and waiting for a lease is not counted', async () => {
  const { house } = await setScene(
    { answer: ({ socket }) => void socket.write(jsonAnswer({ ok: true })) },
    limits({ firstByte: 2_000, betweenBytes: 2_000, total: 2_000 }),
  )
  house.admission.grant = (lease) => new Promise((resolve) => setTimeout(() => resolve(lease), 10))
  expect(await (await ask(house)).json()).toEqual({ ok: true })
})
