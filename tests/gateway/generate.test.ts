import { describe, expect, test } from 'vitest'
import { modelView } from './support/house.ts'
import type { House } from './support/house.ts'
import { post, rawClient } from './support/raw-client.ts'
import { chunk, jsonAnswer, LAST_CHUNK, STREAM_HEAD } from './support/raw-engine.ts'
import { errorOf, setScene } from './support/scene.ts'

const ANSWER = {
  choices: [{ text: ' you', finish_reason: 'stop' }],
  usage: { prompt_tokens: 2, completion_tokens: 1 },
}
const piece = (text: string): string =>
  chunk(`data: ${JSON.stringify({ choices: [{ text, finish_reason: null }] })}\n\n`)
const END = chunk('data: {"choices":[{"text":"","finish_reason":"stop"}]}\n\ndata: [DONE]\n\n')

function send(house: House, path: string, body: unknown): Promise<Response> {
  return fetch(house.url + path, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
}

describe('whole', () => {
  test.each([
    [
      '/v1/generate',
      { prompt: 'p' },
      { generated_text: ' you', model: 'm', usage: { prompt_tokens: 2, completion_tokens: 1 } },
    ],
    ['/v1/generate', { inputs: 'p' }, { generated_text: ' you' }],
    ['/generate', { inputs: 'p', model: 'alias' }, { generated_text: ' you' }],
  ])('%s %j is asked as a completion of the only model', async (path, body, answer) => {
    const { engine, house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(ANSWER)) })
    const response = await send(house, path, body)
    expect(await response.json()).toEqual(answer)
    expect(response.headers.get('content-type')).toBe('application/json')
    expect(response.headers.get('x-enginehouse-model')).toBe('m')
    expect(engine.requests[0]?.head).toMatch(/^POST \/v1\/completions HTTP\/1.1\r\n/)
    expect(JSON.parse(engine.requests[0]?.body.toString() ?? '')).toMatchObject({ model: 'm', prompt: 'p' })
    const text = await house.scrape()
    expect(text).toContain(`enginehouse_requests_total{model="m",route="${path}",outcome="complete"} 1`)
    expect(text).toContain('enginehouse_tokens_total{model="m",type="output"} 1')
    expect(text).toContain('enginehouse_admissions_total{model="m",result="hit"} 1')
  })

  test('an error of the engine passes as it is', async () => {
    const error = { error: { message: 'too long', code: 400 } }
    const { house } = await setScene({
      answer: ({ socket }) => void socket.write(jsonAnswer(error, '400 Bad Request')),
    })
    const response = await send(house, '/v1/generate', { prompt: 'p' })
    expect([response.status, await response.json()]).toEqual([400, error])
  })

  test('an answer that is no completion is the engine’s fault', async () => {
    const { house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer({ ok: true })) })
    const response = await send(house, '/v1/generate', { prompt: 'p' })
    expect([response.status, (await errorOf(response)).code]).toEqual([502, 'engine_protocol'])
  })

  test.each([
    [{ prompt: 'p', nope: 1 }, 400, 'parameter_invalid'],
    [{}, 400, 'parameter_invalid'],
    [{ prompt: 'p', model: 'nobody' }, 404, 'model_not_found'],
    [{ prompt: 'p', model: 'embeds' }, 404, 'unsupported_endpoint'],
  ])('%j wakes nothing', async (body, status, code) => {
    const models = [
      modelView('m', { aliases: ['default'] }),
      modelView('embeds', { capabilities: new Set(['embeddings']) }),
    ]
    const { house } = await setScene({ answer: () => {} }, { models })
    const response = await send(house, '/v1/generate', body)
    expect([response.status, (await errorOf(response)).code]).toEqual([status, code])
    expect(house.admission.asked).toEqual([])
  })
})

describe('streamed', () => {
  test.each([
    ['/v1/generate', { prompt: 'p', stream: true }],
    ['/v1/generate', { inputs: 'p', stream: true }],
    ['/generate_stream', { inputs: 'p' }],
  ])('%s %j gives each piece as it comes', async (path, body) => {
    const { engine, house } = await setScene({ answer: ({ socket }) => void socket.write(STREAM_HEAD + piece('a')) })
    const client = rawClient({ port: house.port })
    client.write(post(JSON.stringify(body), { path, headers: 'connection: close\r\n' }))
    await client.until('"text":"a"')
    expect(client.received).toContain('content-type: text/event-stream')
    engine.requests[0]?.socket.write(piece('b') + END + LAST_CHUNK)
    await client.closed
    const events = [...client.received.matchAll(/^data: (.*)$/gm)].map(([, data = '']) => JSON.parse(data) as object)
    expect(events).toHaveLength(3)
    expect(events.at(-1)).toMatchObject({ generated_text: 'ab' })
    expect(client.received.endsWith(LAST_CHUNK)).toBe(true)
    expect(house.admission.released).toEqual(['complete'])
  })

  test('a client that leaves cancels it in the engine', async () => {
    const { engine, house } = await setScene({ answer: ({ socket }) => void socket.write(STREAM_HEAD + piece('a')) })
    const client = rawClient({ port: house.port })
    client.write(post('{"inputs":"p"}', { path: '/generate_stream' }))
    await client.until('"text":"a"')
    client.socket.destroy()
    await engine.when(({ endedByPeer }) => endedByPeer === 1)
    expect(house.admission.released).toEqual(['client_gone'])
  })

  test.each([
    ['ends in order without its end', LAST_CHUNK, 'engine_crashed'],
    ['goes on with what is no event', chunk('data: {"x\n\n'), 'engine_protocol'],
  ])('an engine that %s is told to the client, and never looks whole', async (_, bytes, code) => {
    const { house } = await setScene({ answer: ({ socket }) => void socket.write(STREAM_HEAD + piece('a') + bytes) })
    const client = rawClient({ port: house.port })
    client.write(post('{"prompt":"p","stream":true}', { path: '/v1/generate' }))
    await client.closed
    expect(client.received).toContain(`"code":"${code}"`)
    expect(client.received).not.toContain(`"generated_text":"a"`)
    expect(client.received.endsWith(LAST_CHUNK)).toBe(false)
  })
})

test('a request that starts over begins its answer anew', async () => {
  const { house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(ANSWER)) })
  house.admission.grant = (lease) => {
    house.admission.grant = null
    return { ...lease, address: { kind: 'tcp', host: '127.0.0.1', port: 1 }, instance: 'gone' }
  }
  const answer = send(house, '/v1/generate', { prompt: 'p' })
  while (house.admission.asked.length < 1) await new Promise((resolve) => setImmediate(resolve))
  house.admission.end()
  expect(await (await answer).json()).toMatchObject({ generated_text: ' you' })
  expect(await house.scrape()).toContain('enginehouse_admissions_total{model="m",result="hit"} 1')
})
