import { expect, test } from 'vitest'
import { jsonAnswer, type SeenRequest } from './support/raw-engine.ts'
import { ask, errorOf, setScene } from './support/scene.ts'

const KIB = 1024
const body = (size: number): string => JSON.stringify({ model: 'm', x: 'x'.repeat(size) })

test('bodies together may hold so much: one more is refused before it is read, and taken when others are answered', async () => {
  const waiting: SeenRequest[] = []
  let arrived = (): void => {}
  const both = new Promise<void>((resolve) => (arrived = resolve))
  const { house } = await setScene(
    {
      answer(request) {
        waiting.push(request)
        if (waiting.length === 2) arrived()
        if (waiting.length > 2) request.socket.write(jsonAnswer({ id: 'late' }))
      },
    },
    { bodies: 250 * KIB },
  )
  const first = [ask(house, body(100 * KIB)), ask(house, body(100 * KIB))]
  await both

  const refused = await ask(house, body(100 * KIB))
  expect([refused.status, (await errorOf(refused)).code]).toEqual([503, 'bodies_overloaded'])
  expect(refused.headers.get('retry-after')).not.toBeNull()
  expect(house.admission.asked).toHaveLength(2)
  const small = await ask(house, body(10))
  expect(small.status).toBe(200)

  for (const request of waiting.slice(0, 2)) request.socket.write(jsonAnswer({ id: 'a' }))
  for (const response of await Promise.all(first)) expect(await response.json()).toEqual({ id: 'a' })
  expect((await ask(house, body(100 * KIB))).status).toBe(200)
})
