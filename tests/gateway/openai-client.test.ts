import OpenAI from 'openai'
import { expect, test } from 'vitest'
import { modelView } from './support/house.ts'
import type { House } from './support/house.ts'
import { chunk, jsonAnswer, LAST_CHUNK, STREAM_HEAD, token } from './support/raw-engine.ts'
import { setScene } from './support/scene.ts'

const clientOf = (house: House): OpenAI => new OpenAI({ baseURL: `${house.url}/v1`, apiKey: 'unused', maxRetries: 0 })

const models = [modelView('m'), modelView('org/name', { status: 'unloaded' })]
const CHAT = {
  model: 'm',
  messages: [{ role: 'user', content: 'hello' }],
} as const satisfies OpenAI.ChatCompletionCreateParams

test('streams', async () => {
  const { house } = await setScene({
    answer: ({ socket }) =>
      void socket.write(STREAM_HEAD + [token('a'), token('b'), 'data: [DONE]\n\n'].map(chunk).join('') + LAST_CHUNK),
  })
  const contents: (string | null | undefined)[] = []
  for await (const part of await clientOf(house).chat.completions.create({ ...CHAT, stream: true })) {
    contents.push(part.choices[0]?.delta.content)
  }
  expect(contents).toEqual(['a', 'b'])
})

test('lists, and retrieves a name with a slash', async () => {
  const { house } = await setScene({ answer: () => {} }, { models })
  const client = clientOf(house)
  expect((await client.models.list()).data.map(({ id }) => id)).toEqual(['m', 'org/name'])
  expect((await client.models.retrieve('org/name')).id).toBe('org/name')
  expect(house.admission.asked).toEqual([])
})

test('gets embeddings in the encoding that it asks for by itself', async () => {
  const embedding = Buffer.from(new Float32Array([0.5, -2]).buffer).toString('base64')
  const { engine, house } = await setScene({
    answer: ({ socket }) =>
      void socket.write(
        jsonAnswer({
          object: 'list',
          model: 'm',
          data: [{ object: 'embedding', index: 0, embedding }],
          usage: { prompt_tokens: 1, total_tokens: 1 },
        }),
      ),
  })
  const answer = await clientOf(house).embeddings.create({ model: 'm', input: 'a' })
  expect([...(answer.data[0]?.embedding ?? [])]).toEqual([0.5, -2])
  expect(engine.requests[0]?.head.split('\r\n')[0]).toBe('POST /v1/embeddings HTTP/1.1')
  expect(engine.requests[0]?.body.toString()).toContain('"encoding_format":"base64"')
})

test('raises a typed error for an unknown model', async () => {
  const { house } = await setScene({ answer: () => {} }, { models })
  const error: unknown = await clientOf(house)
    .chat.completions.create({ ...CHAT, model: 'orgname' })
    .then(
      () => null,
      (thrown: unknown) => thrown,
    )
  expect(error).toBeInstanceOf(OpenAI.NotFoundError)
  expect(error).toMatchObject({
    code: 'model_not_found',
    param: 'model',
    type: 'invalid_request_error',
    message: expect.stringContaining('org/name') as string,
  })
})

test('raises when the engine dies in the middle of a stream', async () => {
  const { house } = await setScene({
    answer: ({ socket }) => void socket.write(STREAM_HEAD + chunk(token('a'))),
  })
  const contents: unknown[] = []
  const read = async (): Promise<void> => {
    for await (const part of await clientOf(house).chat.completions.create({ ...CHAT, stream: true })) {
      contents.push(part.choices[0]?.delta.content)
      house.admission.end()
    }
  }
  await expect(read()).rejects.toMatchObject({ code: 'engine_crashed' })
  expect(contents).toEqual(['a'])
})

test('obeys the word not to retry', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket }) => void socket.write('HTTP/1.1 500 Oh\r\ncontent-length: 0\r\n\r\n'),
  })
  const client = new OpenAI({ baseURL: `${house.url}/v1`, apiKey: 'unused', maxRetries: 3 })
  await expect(client.chat.completions.create(CHAT)).rejects.toBeInstanceOf(OpenAI.InternalServerError)
  expect(engine.requests).toHaveLength(1)
})
