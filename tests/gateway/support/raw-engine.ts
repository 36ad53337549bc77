import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import type { Address } from '../../../src/core/index.ts'

export interface SeenRequest {
  readonly socket: Socket
  /** Position among all requests, and among those of its connection. */
  readonly nth: number
  readonly nthOnSocket: number
  readonly head: string
  readonly body: Buffer
}

export interface RawEngine {
  readonly address: Address & { readonly kind: 'tcp' }
  readonly requests: readonly SeenRequest[]
  readonly connections: number
  /** Connections that the other side ended. */
  readonly endedByPeer: number
  /** Settles when the condition holds; looked at after every event of the engine. */
  when(condition: (engine: RawEngine) => boolean): Promise<void>
  close(): Promise<void>
}

export interface RawEngineOptions {
  /** Called once per whole request; writes raw bytes, or nothing. */
  answer(request: SeenRequest, engine: RawEngine): void
  /** Called when the head is read and the body is not: for engines that answer early. True: handled. */
  early?(socket: Socket, head: string): boolean
  onConnection?(socket: Socket, nth: number): void
}

/** An engine made of bytes: it can do everything that HTTP forbids. */
export async function startRawEngine(options: RawEngineOptions): Promise<RawEngine> {
  const sockets = new Set<Socket>()
  const requests: SeenRequest[] = []
  const waiters: { condition: (engine: RawEngine) => boolean; resolve: () => void }[] = []
  let connections = 0
  let endedByPeer = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    options.onConnection?.(socket, connections)
    let buffered = Buffer.alloc(0)
    let nthOnSocket = 0
    let handledEarly = false
    let ended = false
    const peerEnded = (): void => {
      if (ended) return
      ended = true
      endedByPeer++
      notify()
    }
    socket.on('error', peerEnded)
    socket.on('end', peerEnded)
    socket.on('close', () => {
      sockets.delete(socket)
      notify()
    })
    socket.on('data', (piece) => {
      buffered = Buffer.concat([buffered, piece])
      for (;;) {
        const headEnd = buffered.indexOf('\r\n\r\n')
        if (headEnd < 0 || handledEarly) return
        const head = buffered.toString('latin1', 0, headEnd)
        if (options.early?.(socket, head) === true) {
          handledEarly = true
          notify()
          return
        }
        const length = Number(/\r\ncontent-length: *(\d+)/i.exec(head)?.[1] ?? 0)
        const end = headEnd + 4 + length
        if (buffered.length < end) return
        const request = {
          socket,
          nth: requests.length + 1,
          nthOnSocket: ++nthOnSocket,
          head,
          body: buffered.subarray(headEnd + 4, end),
        }
        buffered = buffered.subarray(end)
        requests.push(request)
        options.answer(request, engine)
        notify()
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const bound = server.address()
  if (typeof bound !== 'object' || bound === null) throw new Error('the engine has no port')

  function notify(): void {
    for (const waiter of waiters.slice()) {
      if (!waiter.condition(engine)) continue
      waiters.splice(waiters.indexOf(waiter), 1)
      waiter.resolve()
    }
  }

  const engine: RawEngine = {
    address: { kind: 'tcp', host: '127.0.0.1', port: bound.port },
    requests,
    get connections() {
      return connections
    },
    get endedByPeer() {
      return endedByPeer
    },
    when(condition) {
      if (condition(engine)) return Promise.resolve()
      return new Promise((resolve) => void waiters.push({ condition, resolve }))
    },
    async close() {
      for (const socket of sockets) socket.destroy()
      await new Promise<void>((resolve) => server.close(() => resolve()))
    },
  }
  return engine
}

/** A whole JSON answer with its length. */
export function jsonAnswer(body: unknown, status = '200 OK'): string {
  const text = JSON.stringify(body)
  return `HTTP/1.1 ${status}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(text)}\r\n\r\n${text}`
}

export const STREAM_HEAD = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
export const LAST_CHUNK = '0\r\n\r\n'

export function chunk(text: string): string {
  return `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`
}

export function token(content: string): string {
  const event = {
    id: 'c1',
    object: 'chat.completion.chunk',
    created: 1,
    model: 'm',
    choices: [{ index: 0, delta: { content } }],
  }
  return `data: ${JSON.stringify(event)}\n\n`
}
