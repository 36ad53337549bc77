import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { expect, test } from 'vitest'
import { post } from './support/raw-client.ts'
import { chunk, LAST_CHUNK, STREAM_HEAD, token } from './support/raw-engine.ts'
import { setScene } from './support/scene.ts'

const EVENT = chunk(token('x'.repeat(16_000)))
/** Far more than every buffer between the engine and the client can hold. */
const EVENTS = 4_000

/** Writes as fast as the other side takes it, and says how much that was. */
function flood(socket: Socket): { sent: number } {
  const state = { sent: 0 }
  socket.write(STREAM_HEAD)
  const more = (): void => {
    while (state.sent < EVENTS && !socket.destroyed) {
      state.sent++
      if (!socket.write(EVENT)) {
        socket.once('drain', more)
        return
      }
    }
    if (state.sent === EVENTS) socket.write(chunk('data: [DONE]\n\n') + LAST_CHUNK)
  }
  more()
  return state
}

function stalledClient(port: number): Socket {
  const socket = connect(port, '127.0.0.1')
  socket.on('error', () => {})
  socket.pause()
  socket.write(post('{"model":"m","stream":true}'))
  return socket
}

test('a reader that stalls holds up its engine and is cut; others are not disturbed', async () => {
  let flooded: { sent: number } | undefined
  const { engine, house } = await setScene(
    {
      answer: ({ socket, nth }) => {
        if (nth === 1) flooded = flood(socket)
        else socket.write(STREAM_HEAD + chunk('data: [DONE]\n\n') + LAST_CHUNK)
      },
    },
    { stalledReader: 300 },
  )
  const client = stalledClient(house.port)
  await engine.when(({ requests }) => requests.length === 1)
  const other = await fetch(`${house.url}/v1/chat/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: '{"model":"m","stream":true}',
  })
  expect(await other.text()).toBe('data: [DONE]\n\n')
  await house.admission.releasedAll(2)
  expect(house.admission.released).toEqual(['complete', 'client_gone'])
  await engine.when(({ endedByPeer }) => endedByPeer === 1)
  expect(flooded?.sent).toBeLessThan(EVENTS)
  client.destroy()
})

test('a reader that is only slow gets every byte', async () => {
  const { engine, house } = await setScene({ answer: ({ socket }) => void flood(socket) }, { stalledReader: 20_000 })
  const client = stalledClient(house.port)
  await engine.when(({ requests }) => requests.length === 1)
  let bytes = 0
  let pauses = 0
  let tail = ''
  await new Promise<void>((resolve) => {
    client.on('data', (piece) => {
      bytes += piece.length
      tail = (tail + piece.toString('latin1')).slice(-20)
      if (tail.endsWith(LAST_CHUNK)) return resolve()
      if (bytes > (pauses + 1) * 4_000_000) {
        pauses++
        client.pause()
        setImmediate(() => client.resume())
      }
    })
    client.resume()
  })
  expect(bytes).toBeGreaterThan(EVENTS * 16_000)
  expect(pauses).toBeGreaterThan(10)
  expect(house.admission.released).toEqual(['complete'])
  client.destroy()
})
