import { expect, test } from 'vitest'

import { untilTrue } from '../support/gates.ts'
import { rawClient } from './support/raw-client.ts'
import { jsonAnswer, STREAM_HEAD } from './support/raw-engine.ts'
import { ask, setScene } from './support/scene.ts'

const ANSWER = { id: 'c', choices: [], usage: { prompt_tokens: 7, completion_tokens: 9 } }
const BODY = JSON.stringify(ANSWER)
const PROMPT = 'a secret prompt'

test('one entry for a request that an engine answered, with the ids of both sides and no word of its body', async () => {
  const { engine, house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(ANSWER)) })
  const prompt = { model: 'alias', messages: [{ role: 'user', content: PROMPT }] }
  await (await ask(house, prompt, { 'x-request-id': 'mine-1', 'user-agent': 'tester/1' })).text()
  expect(engine.requests[0]?.head).toContain('x-request-id: mine-1')
  expect(house.accessEntries).toEqual([
    {
      request: expect.stringMatching(/^req_/) as string,
      clientRequest: 'mine-1',
      method: 'POST',
      route: '/v1/chat/completions',
      model: 'm',
      instance: 'm-1',
      status: 200,
      outcome: 'complete',
      bytes: BODY.length,
      queueMs: 0,
      coldStartMs: null,
      firstByteMs: expect.any(Number) as number,
      totalMs: expect.any(Number) as number,
      usage: { input: 7, output: 9 },
      code: null,
      client: '127.0.0.1',
      agent: 'tester/1',
    },
  ])
  expect(house.admission.asked[0]?.info.id).toBe(house.accessEntries[0]?.request)
  expect(JSON.stringify([house.accessEntries, house.logLines])).not.toContain(PROMPT)
})

test('the answer’s id is the entry’s where the client sent none', async () => {
  const { engine, house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(ANSWER)) })
  const response = await ask(house)
  const [entry] = house.accessEntries
  expect(entry).toMatchObject({ request: response.headers.get('x-request-id'), clientRequest: null })
  expect(engine.requests[0]?.head).toContain(`x-request-id: ${entry?.request}`)
})

test('what an engine refuses, and where it dies, is told by status, outcome and code', async () => {
  const refusing = await setScene({
    answer: ({ socket }) => void socket.write('HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n'),
  })
  expect((await ask(refusing.house)).status).toBe(400)
  expect(refusing.house.accessEntries).toMatchObject([{ status: 400, outcome: 'complete', code: 'engine_refused' }])
  const dying = await setScene({ answer: ({ socket }) => void socket.destroy() })
  expect((await ask(dying.house)).status).toBe(502)
  expect(dying.house.accessEntries).toMatchObject([{ status: 502, outcome: 'engine_error', code: 'engine_crashed' }])
})

test('a client that leaves before and during its answer', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket, nth }) => void (nth === 2 && socket.write(STREAM_HEAD)),
  })
  const body = JSON.stringify({ model: 'm', messages: [], stream: true })
  const request = `POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  const first = rawClient({ port: house.port })
  first.write(request)
  await untilTrue(() => engine.requests.length === 1)
  first.socket.destroy()
  await untilTrue(() => house.accessEntries.length === 1)
  const second = rawClient({ port: house.port })
  second.write(request)
  await second.until('text/event-stream')
  second.socket.destroy()
  await untilTrue(() => house.accessEntries.length === 2)
  expect(house.accessEntries).toMatchObject([
    { status: null, outcome: 'client_gone', client: '127.0.0.1' },
    { status: 200, outcome: 'client_gone', client: '127.0.0.1' },
  ])
})

test('what we refuse or answer ourselves has an entry each; looks at our health have none', async () => {
  const { house } = await setScene({ answer: ({ socket }) => void socket.write(jsonAnswer(ANSWER)) })
  await (await ask(house, { model: 'other' })).text()
  await (await ask(house, '{"model": "')).text()
  for (const path of ['/v1/models?key=secret', '/no/such?token=secret', '/health', '/livez', '/readyz', '/metrics'])
    await (await fetch(house.url + path)).text()
  await untilTrue(() => house.accessEntries.length >= 4)
  expect(
    house.accessEntries.map(({ method, route, status, outcome, code }) => [method, route, status, outcome, code]),
  ).toEqual([
    ['POST', '/v1/chat/completions', 404, 'refused', 'model_not_found'],
    ['POST', '/v1/chat/completions', 400, 'refused', 'json_invalid'],
    ['GET', '/v1/models', 200, 'complete', null],
    ['GET', '/no/such', 404, 'refused', null],
  ])
  expect(JSON.stringify([house.accessEntries, house.logLines])).not.toContain('secret')
})
