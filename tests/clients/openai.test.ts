import OpenAI from 'openai'
import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../support/daemon.ts'

const CHAT = {
  model: 'chatty',
  messages: [{ role: 'user', content: 'hello' }],
} as const satisfies OpenAI.ChatCompletionCreateParams

async function open() {
  const place = makePlace()
  const gate = place.file('tokens')
  const models = {
    ...fakeModel(place, 'chatty', [], { aliases: ['gpt-4o'], context: '4k' }),
    ...fakeModel(place, 'org/embedder'),
    ...fakeModel(place, 'mortal', ['--token-gate', gate]),
  }
  const daemon = await startDaemon({ models }, place)
  return { daemon, client: new OpenAI({ baseURL: `${daemon.url}/v1`, apiKey: 'unused', maxRetries: 0 }) }
}

test('the official client chats, streams, lists, retrieves and embeds', async () => {
  const { daemon, client } = await open()
  const models = (await client.models.list()).data
  expect(models.map(({ id }) => id)).toEqual(['chatty', 'org/embedder', 'mortal'])
  expect(await client.models.retrieve('org/embedder')).toMatchObject({ id: 'org/embedder', object: 'model' })
  expect(daemon.ofKind('started')).toEqual([])

  const words: string[] = []
  const stream = await client.chat.completions.create({
    ...CHAT,
    stream: true,
    stream_options: { include_usage: true },
  })
  let usage: unknown = null
  for await (const part of stream) {
    words.push(part.choices[0]?.delta.content ?? '')
    usage = part.usage ?? usage
  }
  expect(words.join('')).toBe('w1 w2 w3 w4 w5 w6 w7 w8 ')
  expect(usage).toMatchObject({ completion_tokens: 8 })

  const whole = await client.chat.completions.create({ ...CHAT, model: 'gpt-4o', max_tokens: 2 })
  expect(whole.choices[0]).toMatchObject({ finish_reason: 'length', message: { content: 'w1 w2 ' } })

  // The client asks for base64 by itself and decodes it.
  const vectors = await client.embeddings.create({ model: 'org/embedder', input: ['one', 'two'] })
  expect(vectors.data.map(({ embedding }) => embedding.length)).toEqual([16, 16])
  expect(vectors.data[0]?.embedding).not.toEqual(vectors.data[1]?.embedding)
  expect(daemon.ofKind('started').map(({ model }) => model)).toEqual(['chatty', 'org/embedder'])
  await daemon.end()
})

test('the official client raises typed errors', async () => {
  const { daemon, client } = await open()
  const unknown = await client.chat.completions.create({ ...CHAT, model: 'chaty' }).catch((error: unknown) => error)
  expect(unknown).toBeInstanceOf(OpenAI.NotFoundError)
  expect(unknown).toMatchObject({ code: 'model_not_found', message: expect.stringContaining('"chatty"') as string })
  await expect(client.models.retrieve('nobody')).rejects.toBeInstanceOf(OpenAI.NotFoundError)

  const words: unknown[] = []
  const read = async (): Promise<void> => {
    for await (const part of await client.chat.completions.create({ ...CHAT, model: 'mortal', stream: true })) {
      const word = part.choices[0]?.delta.content
      if (!word) continue
      words.push(word)
      process.kill(await daemon.pidOf('mortal'), 'SIGKILL')
    }
  }
  const cut = await read().catch((error: unknown) => error)
  expect(cut).toBeInstanceOf(OpenAI.APIError)
  expect(cut).toMatchObject({ code: 'engine_crashed' })
  expect(words).toEqual(['w1 '])
  await daemon.end()
})
