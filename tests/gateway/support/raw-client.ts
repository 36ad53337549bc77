import { connect } from 'node:net'
import type { Socket } from 'node:net'

export interface RawClient {
  readonly socket: Socket
  /** Everything that came so far, one character per byte. */
  readonly received: string
  /** `fin`: ended in order. `reset`: cut. Null while it is open. */
  readonly end: 'fin' | 'reset' | null
  write(bytes: string | Buffer): void
  /** Settles when the text has come. Rejects when the connection ends without it. */
  until(text: string): Promise<void>
  readonly closed: Promise<void>
}

export function rawClient(target: { readonly port: number } | { readonly path: string }): RawClient {
  const socket = connect('port' in target ? { host: '127.0.0.1', port: target.port } : { path: target.path })
  const waiters: { text: string; resolve: () => void; reject: (error: Error) => void }[] = []
  let received = ''
  let end: 'fin' | 'reset' | null = null
  socket.on('data', (piece) => {
    received += piece.toString('latin1')
    for (const waiter of waiters.slice()) {
      if (!received.includes(waiter.text)) continue
      waiters.splice(waiters.indexOf(waiter), 1)
      waiter.resolve()
    }
  })
  socket.on('error', () => {
    end = 'reset'
  })
  socket.on('end', () => {
    end ??= 'fin'
  })
  const closed = new Promise<void>((resolve) => {
    socket.on('close', () => {
      end ??= 'reset'
      for (const waiter of waiters.splice(0)) waiter.reject(new Error(`closed without ${waiter.text}: ${received}`))
      resolve()
    })
  })
  return {
    socket,
    get received() {
      return received
    },
    get end() {
      return end
    },
    write: (bytes) => void socket.write(bytes),
    until(text) {
      if (received.includes(text)) return Promise.resolve()
      if (end !== null) return Promise.reject(new Error(`closed without ${text}: ${received}`))
      return new Promise((resolve, reject) => void waiters.push({ text, resolve, reject }))
    },
    closed,
  }
}

export interface PostOptions {
  readonly path?: string
  readonly headers?: string
  readonly version?: string
}

export function post(
  body: string | Buffer,
  { path = '/v1/chat/completions', headers = '', version = '1.1' }: PostOptions = {},
): string {
  const text = body.toString('latin1')
  return `POST ${path} HTTP/${version}\r\nhost: localhost\r\ncontent-type: application/json\r\n${headers}content-length: ${text.length}\r\n\r\n${text}`
}

/** Sends bytes and takes all that comes until the connection ends. */
export async function exchangeBytes(port: number, bytes: string | Buffer): Promise<RawClient> {
  const client = rawClient({ port })
  client.write(bytes)
  await client.closed
  return client
}
