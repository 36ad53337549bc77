import { afterEach, expect, test } from 'vitest'
import { SERVER_BOUNDS } from '../../src/gateway/limits.ts'
import { startHouse } from './support/house.ts'
import type { House } from './support/house.ts'
import { rawClient } from './support/raw-client.ts'

/** Far below what people wait, far above what a request on this host takes. */
const SHORT = { headers: 200, body: 200, check: 20, connections: 4_096 }

let house: House
afterEach(() => house.close())

test.each([
  [
    'a head that never ends',
    'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\nx: ',
    { ...SHORT, body: 60_000 },
  ],
  [
    'a body that never ends',
    'POST /v1/chat/completions HTTP/1.1\r\nhost: localhost\r\ncontent-length: 13\r\n\r\n{"mod',
    { ...SHORT, headers: 150 },
  ],
])('%s is refused at its deadline, and wakes nothing', async (_, bytes, server) => {
  house = await startHouse({ server })
  const client = rawClient({ port: house.port })
  client.write(bytes)
  await client.closed
  expect(client.received).toMatch(/^HTTP\/1.1 408 /)
  expect(client.received).toContain('"code":"request_timeout"')
  expect(house.admission.asked).toEqual([])
})

test('a head that trickles in is refused at the same deadline', async () => {
  house = await startHouse({ server: { ...SHORT, body: 60_000 } })
  const client = rawClient({ port: house.port })
  client.write('GET /livez HTTP/1.1\r\nhost: localhost\r\n')
  const trickle = setInterval(() => client.socket.writable && client.write('x: y\r\n'), 20)
  await client.closed.finally(() => clearInterval(trickle))
  expect(client.received).toMatch(/^HTTP\/1.1 408 /)
})

test('a connection beyond the limit is closed, and one that ends makes room', async () => {
  house = await startHouse({ server: { ...SERVER_BOUNDS, connections: 2 } })
  const request = 'GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n'
  const [first, second] = [rawClient({ port: house.port }), rawClient({ port: house.port })]
  for (const client of [first, second]) {
    client.write(request)
    await client.until('{"status":"ok"}')
  }
  const third = rawClient({ port: house.port })
  third.write(request)
  await third.closed
  expect(third.received).toBe('')
  first.socket.end()
  await first.closed
  const fourth = rawClient({ port: house.port })
  fourth.write(request)
  await fourth.until('{"status":"ok"}')
  fourth.socket.destroy()
  second.socket.destroy()
})

test('the limits that hold without another word', () => {
  expect(SERVER_BOUNDS).toEqual({ headers: 10_000, body: 60_000, check: 1_000, connections: 4_096 })
})
