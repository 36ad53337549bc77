import { createServer } from 'node:net'
import type { Server, Socket } from 'node:net'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import type { Address, ProbeReply } from '../../../src/core/index.ts'
import { createProcesses } from '../../../src/process/index.ts'
import { freePort } from '../../support/free-port.ts'
import { fakeEngineArgv, untilEvent } from '../../support/fake-engine.ts'
import { untilTrue } from '../../support/gates.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { createWorld } from './world.ts'

const { probe } = createProcesses()

/** A server on a socket that does with each connection what `behave` says once a request came. */
async function serverThat(behave: (socket: Socket, request: string) => void) {
  const path = join(temporaryDirectory(), 's')
  const sockets = new Set<Socket>()
  const server: Server = createServer((socket) => {
    sockets.add(socket)
    socket.on('error', () => socket.destroy())
    socket.on('close', () => sockets.delete(socket))
    socket.on('data', (data) => behave(socket, data.toString()))
  })
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  await new Promise<void>((resolve) => server.listen(path, resolve))
  const address: Address = { kind: 'unix', path }
  return { address, sockets }
}

const ASK = { key: null, timeout: 10_000 }

describe('each behaviour of a server is a reply', () => {
  test.each<[string, string, ProbeReply | { kind: 'broken' }]>([
    ['an answer', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok', { kind: 'answer', status: 200, body: 'ok' }],
    ['an error', 'HTTP/1.1 503 No\r\ncontent-length: 4\r\n\r\nwait', { kind: 'answer', status: 503, body: 'wait' }],
    ['a body up to the close', 'HTTP/1.1 200 OK\r\n\r\nall', { kind: 'answer', status: 200, body: 'all' }],
    [
      'a redirect is not followed',
      'HTTP/1.1 302 Go\r\nlocation: /x\r\ncontent-length: 0\r\n\r\n',
      { kind: 'answer', status: 302, body: '' },
    ],
    ['a close without a word', '', { kind: 'broken' }],
    ['something that is not HTTP', '220 mail ready\r\n', { kind: 'broken' }],
    ['a body that is cut', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', { kind: 'broken' }],
    ['another protocol', 'HTTP/1.1 101 Switching\r\nconnection: upgrade\r\nupgrade: x\r\n\r\n', { kind: 'broken' }],
  ])('%s', async (_name, answer, expected) => {
    const { address, sockets } = await serverThat((socket) => socket.end(answer))
    expect(await probe(address, '/health', ASK)).toMatchObject(expected)
    await untilTrue(() => sockets.size === 0)
  })

  test('LS7: silence is a timeout, and the connection is let go', async () => {
    const { address, sockets } = await serverThat(() => {})
    expect(await probe(address, '/health', { key: null, timeout: 50 })).toEqual({ kind: 'timeout' })
    await untilTrue(() => sockets.size === 0)
  })

  test('a drip that never ends is a timeout too', async () => {
    const { address } = await serverThat((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const drip = setInterval(() => socket.write('x'), 5)
      socket.on('close', () => clearInterval(drip))
    })
    expect(await probe(address, '/health', { key: null, timeout: 100 })).toEqual({ kind: 'timeout' })
  })

  test('an endless body is cut at its limit', async () => {
    const { address, sockets } = await serverThat((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n')
      const block = 'x'.repeat(64 * 1024)
      const pour = (): void => {
        while (!socket.destroyed && socket.write(block));
      }
      socket.on('drain', pour)
      pour()
    })
    const reply = await probe(address, '/health', ASK)
    expect(reply).toMatchObject({ kind: 'answer', status: 200 })
    expect(reply.kind === 'answer' ? reply.body.length : 0).toBe(64 * 1024)
    await untilTrue(() => sockets.size === 0)
  })

  test('nobody there is refused: a closed port and a missing socket', async () => {
    const port = await freePort()
    expect(await probe({ kind: 'tcp', host: '127.0.0.1', port }, '/', ASK)).toEqual({ kind: 'refused' })
    expect(await probe({ kind: 'unix', path: join(temporaryDirectory(), 'none') }, '/', ASK)).toEqual({
      kind: 'refused',
    })
  })

  test('a path that cannot be sent is broken, not thrown', async () => {
    const { address } = await serverThat(() => {})
    expect(await probe(address, '/a b\r\nx: y', ASK)).toMatchObject({ kind: 'broken' })
  })
})

test('the request asks for the path, shows the key and closes', async () => {
  const seen: string[] = []
  const { address } = await serverThat((socket, request) => {
    seen.push(request)
    socket.end('HTTP/1.1 204 No Content\r\n\r\n')
  })
  await probe(address, '/props', { key: 'secret', timeout: 10_000 })
  expect(seen).toHaveLength(1)
  expect(seen[0]).toMatch(/^GET \/props HTTP\/1\.1\r\n/)
  expect(seen[0]).toMatch(/\r\nauthorization: Bearer secret\r\n/i)
  expect(seen[0]).toMatch(/\r\nconnection: close\r\n/i)
})

describe('whose socket it is', () => {
  async function listening(...knobs: readonly string[]) {
    const world = createWorld()
    const engine = await world.engine(...knobs)
    await untilEvent(world.record, 'ready')
    return { world, engine }
  }

  test('a port', async () => {
    const port = await createProcesses().freePort()
    const { world, engine } = await listening('--listen', String(port))
    const { processes } = world
    const address: Address = { kind: 'tcp', host: '127.0.0.1', port }
    expect(await processes.ownerOf(address, engine.identity)).toBe('ours')
    const other = await world.spawn(['sleep', '3600'])
    expect(await processes.ownerOf(address, other.identity)).toBe('foreign')
    expect(await processes.ownerOf({ ...address, port: await freePort() }, engine.identity)).toBe('nobody')
  })

  test('a socket file', async () => {
    const path = join(temporaryDirectory(), 's')
    const { world, engine } = await listening('--listen', path)
    const { processes } = world
    expect(await processes.ownerOf({ kind: 'unix', path }, engine.identity)).toBe('ours')
    const other = await world.spawn(['sleep', '3600'])
    expect(await processes.ownerOf({ kind: 'unix', path }, other.identity)).toBe('foreign')
    expect(await processes.ownerOf({ kind: 'unix', path: `${path}x` }, engine.identity)).toBe('nobody')
  })

  test('an engine that could not have its port is told apart from the one that has it', async () => {
    const port = await createProcesses().freePort()
    const { world, engine } = await listening('--listen', String(port), '--kind', 'llama')
    const late = await world.spawn(fakeEngineArgv('--listen', String(port), '--kind', 'llama'))
    expect(await late.exited).toEqual({ code: 1, signal: null })
    await late.drained
    expect(late.tail().at(-1)).toBe('exiting due to HTTP server error')
    const address: Address = { kind: 'tcp', host: '127.0.0.1', port }
    expect(await world.processes.ownerOf(address, late.identity)).toBe('foreign')
    expect(await world.processes.ownerOf(address, engine.identity)).toBe('ours')
  })
})
