import { expect, test } from 'vitest'
import { modelView } from './support/house.ts'
import { jsonAnswer } from './support/raw-engine.ts'
import { ask, errorOf, setScene } from './support/scene.ts'

test('an unlisted model answers to its names, and is named by nobody else', async () => {
  const { house } = await setScene(
    { answer: ({ socket }) => void socket.write(jsonAnswer({ ok: true })) },
    {
      models: [modelView('seen'), modelView('hidden', { aliases: ['secret'], unlisted: true })],
    },
  )
  const list = (await (await fetch(`${house.url}/v1/models`)).json()) as { data: { id: string }[] }
  expect(list.data.map(({ id }) => id)).toEqual(['seen'])
  expect(await (await fetch(`${house.url}/v1/models/secret`)).json()).toMatchObject({ id: 'hidden' })
  expect((await ask(house, { model: 'hidden' })).status).toBe(200)
  expect(await errorOf(await ask(house, { model: 'hiddem' }))).toMatchObject({ facts: { nearest: [] } })
  expect(await errorOf(await ask(house, {}))).toMatchObject({ code: 'model_required', facts: { models: ['seen'] } })
})
