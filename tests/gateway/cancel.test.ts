import { expect, test } from 'vitest'
import { gate } from './support/gate.ts'
import { post, rawClient } from './support/raw-client.ts'
import { chunk, STREAM_HEAD, token } from './support/raw-engine.ts'
import { ask, errorOf, setScene } from './support/scene.ts'

test('an operator sees what waits and what runs, and ends each: engine and client are told', async () => {
  const { engine, house } = await setScene({
    answer: ({ socket }) => void socket.write(STREAM_HEAD + chunk(token('a'))),
  })
  const { requests } = house.gateway
  const streaming = rawClient({ port: house.port })
  streaming.write(post('{"model":"m","stream":true}', { headers: 'x-request-id: mine\r\n' }))
  await streaming.until('"content":"a"')
  const held = gate<never>()
  house.admission.grant = (_, signal) => {
    signal.addEventListener('abort', () => held.open(undefined as never))
    return new Promise((_resolve, reject) => void held.opened.then(() => reject(signal.reason)))
  }
  const waiting = ask(house)
  while (requests.all().length < 2) await new Promise((resolve) => setImmediate(resolve))
  const [first, second] = requests.all()
  expect(first).toMatchObject({ clientId: 'mine', model: 'm', stream: true, instance: 'm-1' })
  expect(first?.firstByteAfter).toBeGreaterThan(0)
  expect(second).toMatchObject({ stream: false, instance: null, firstByteAfter: null })
  expect(second?.id).toBe(second?.clientId)

  expect(requests.cancel('nobody')).toEqual([])
  expect(requests.cancel('mine').map(({ id }) => id)).toEqual([first?.id])
  await streaming.closed
  expect(streaming.received).toContain('"code":"request_cancelled"')
  expect(streaming.received).not.toContain('[DONE]')
  await engine.when(({ endedByPeer }) => endedByPeer === 1)
  expect(house.admission.released).toEqual(['failed'])

  requests.cancel(second?.id ?? '')
  const refused = await waiting
  expect([refused.status, (await errorOf(refused)).code]).toEqual([503, 'request_cancelled'])
  expect(refused.headers.get('x-should-retry')).toBe('false')
  expect(house.admission.asked[1]?.signal.reason).toMatchObject({ code: 'request_cancelled' })
  expect(requests.all()).toEqual([])
})
