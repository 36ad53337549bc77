import { expect, test } from 'vitest'
import type { Lease } from '../../src/core/index.ts'
import { EnginehouseError } from '../../src/core/index.ts'
import { gate } from './support/gate.ts'
import { rawClient, post } from './support/raw-client.ts'
import type { RawClient } from './support/raw-client.ts'
import { chunk, STREAM_HEAD, token } from './support/raw-engine.ts'
import { setScene } from './support/scene.ts'

/** How a client can leave. A half-close counts: nobody reads an answer to a request that was given up. */
const leaving: readonly (readonly [name: string, leave: (client: RawClient) => void])[] = [
  ['closes', (client) => client.socket.end()],
  ['resets', (client) => client.socket.resetAndDestroy()],
  ['is killed', (client) => client.socket.destroy()],
]

const STREAM = post('{"model":"m","stream":true}')

for (const [name, leave] of leaving) {
  test(`a client that ${name} before its body is whole wakes nothing`, async () => {
    const { house } = await setScene({ answer: () => {} })
    const client = rawClient({ port: house.port })
    client.write(STREAM.slice(0, -5))
    await new Promise<void>((resolve) => client.socket.once('connect', () => resolve()))
    leave(client)
    await client.closed
    expect(house.admission.asked).toEqual([])
  })

  test(`a client that ${name} while it waits gives up its place, and a lease that comes late goes back`, async () => {
    const { engine, house } = await setScene({ answer: () => {} })
    const granted = gate<Lease>()
    const waiting = gate<{ lease: Lease; signal: AbortSignal }>()
    house.admission.grant = (lease, signal) => {
      waiting.open({ lease, signal })
      return granted.opened
    }
    const client = rawClient({ port: house.port })
    client.write(STREAM)
    const { lease, signal } = await waiting.opened
    leave(client)
    await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
    granted.open(lease)
    await house.admission.releasedAll(1)
    expect(house.admission.released).toEqual(['client_gone'])
    expect(engine.requests).toHaveLength(0)
  })

  test(`a client that ${name} before the first byte cancels the engine once`, async () => {
    const { engine, house } = await setScene({ answer: () => {} })
    const client = rawClient({ port: house.port })
    client.write(STREAM)
    await engine.when(({ requests }) => requests.length === 1)
    leave(client)
    await engine.when(({ endedByPeer }) => endedByPeer === 1)
    expect(house.admission.released).toEqual(['client_gone'])
    expect(engine.requests).toHaveLength(1)
  })

  test(`a client that ${name} in the middle of a stream cancels the engine once`, async () => {
    const { engine, house } = await setScene({
      answer: ({ socket }) => void socket.write(STREAM_HEAD + chunk(token('a'))),
    })
    const client = rawClient({ port: house.port })
    client.write(STREAM)
    await client.until('"content":"a"')
    leave(client)
    await engine.when(({ endedByPeer }) => endedByPeer === 1)
    expect(house.admission.released).toEqual(['client_gone'])
    expect(await house.scrape()).toContain('outcome="client_gone"} 1')
    expect(engine.requests).toHaveLength(1)
  })
}

test('a client that leaves while its large body is being sent to the engine cancels it once', async () => {
  const { engine, house } = await setScene(
    {
      answer: () => {},
      // Reads the head and nothing more, so that the body cannot go through.
      early: (socket) => {
        socket.pause()
        return true
      },
    },
    { maxBody: 64 * 1024 * 1024 },
  )
  const client = rawClient({ port: house.port })
  client.write(post(`{"model":"m","x":"${'x'.repeat(32 * 1024 * 1024)}"}`))
  const connected = gate()
  house.admission.grant = (lease) => {
    connected.open()
    return lease
  }
  await connected.opened
  await engine.when(({ connections }) => connections > 0)
  client.socket.destroy()
  await house.admission.releasedAll(1)
  expect(house.admission.released).toEqual(['client_gone'])
})

test('a client that leaves in the turn of the dispatch leaves nothing behind', async () => {
  const { house } = await setScene({ answer: () => {} })
  const client = rawClient({ port: house.port })
  house.admission.grant = (lease) => {
    client.socket.resetAndDestroy()
    return lease
  }
  client.write(STREAM)
  await house.admission.releasedAll(1)
  expect(house.admission.released).toEqual(['client_gone'])
})

test('a request behind another one of its connection is cancelled with it', async () => {
  const { engine, house } = await setScene({ answer: () => {} })
  const client = rawClient({ port: house.port })
  client.write(STREAM + STREAM)
  await engine.when(({ requests }) => requests.length === 2)
  client.socket.destroy()
  await engine.when(({ endedByPeer }) => endedByPeer === 2)
  expect(house.admission.released).toEqual(['client_gone', 'client_gone'])
})

test('what admission refuses is answered as it says', async () => {
  const { house } = await setScene({ answer: () => {} })
  house.admission.grant = () => Promise.reject(new EnginehouseError('server_overloaded', { waiting: 8, limit: 8 }))
  const client = rawClient({ port: house.port })
  client.write(post('{"model":"m"}', { headers: 'connection: close\r\n' }))
  await client.closed
  expect(client.received).toMatch(/^HTTP\/1.1 503 /)
  expect(client.received).toMatch(/\r\nretry-after: 5\r\n/)
  expect(client.received).toContain('"code":"server_overloaded"')
  expect(house.admission.released).toEqual([])
  expect(await house.scrape()).toContain('outcome="refused"} 1')
})

test('a refusal that cannot get better tells the client not to send it again', async () => {
  const { house } = await setScene({ answer: () => {} })
  house.admission.grant = () => {
    throw new EnginehouseError('model_failed', { model: 'm', class: 'exited', detail: 'gone.', retryAt: null })
  }
  const client = rawClient({ port: house.port })
  client.write(post('{"model":"m"}', { headers: 'connection: close\r\nx-enginehouse-on-cold: fail\r\n' }))
  await client.closed
  expect(client.received).toMatch(/^HTTP\/1.1 503 /)
  expect(client.received).toMatch(/\r\nx-should-retry: false\r\n/)
  expect(house.admission.asked[0]?.info.onCold).toBe('fail')
})
