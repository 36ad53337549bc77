import { createServer } from 'node:http'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { connect } from 'node:net'
import type { Socket } from 'node:net'
import { unlink } from 'node:fs/promises'
import { EnginehouseError } from '../core/index.ts'
import type { ListenAddress } from '../core/index.ts'
import { badRequest } from './checks.ts'
import * as limits from './limits.ts'
import { rawRefusal } from './refusal.ts'

/** A node:http server with our limits, that answers in our error shape even where no request could be read. */
export function makeServer(listener: RequestListener, bounds: limits.ServerBounds): Server {
  const server = createServer(
    {
      maxHeaderSize: limits.MAX_HEADER_BYTES,
      headersTimeout: bounds.headers,
      requestTimeout: bounds.body,
      connectionsCheckingInterval: bounds.check,
      keepAliveTimeout: limits.CLIENT_KEEP_ALIVE,
      // Node's own answer to a missing Host has no body; our check has.
      requireHostHeader: false,
    },
    listener,
  )
  server.maxConnections = bounds.connections
  // `100 Continue` is said by us when the headers have passed, and only then.
  server.on('checkContinue', listener)
  server.on('checkExpectation', listener)
  server.on('clientError', refuseOnSocket)
  server.on('connect', (request: IncomingMessage, socket) => {
    const error = new EnginehouseError('method_not_allowed', {
      method: 'CONNECT',
      path: request.url ?? '',
      allow: ['GET', 'POST'],
    })
    socket.end(rawRefusal(error), () => socket.destroy())
  })
  return server
}

/** Resolves with the address that was bound. Throws address_in_use or listen_failed. */
export async function bind(server: Server, address: ListenAddress): Promise<ListenAddress> {
  try {
    return await bindOnce(server, address)
  } catch (error) {
    const code = codeOf(error)
    if (code === 'EADDRINUSE' && address.kind === 'unix' && (await isAbandoned(address.path))) {
      await unlink(address.path)
      return bindOnce(server, address)
    }
    if (code === 'EADDRINUSE')
      throw new EnginehouseError('address_in_use', { address: describe(address) }, { cause: error })
    const why = error instanceof Error ? error.message : String(error)
    throw new EnginehouseError('listen_failed', { address: describe(address), why }, { cause: error })
  }
}

function bindOnce(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return new Promise((resolve, reject) => {
    server.once('error', reject)
    server.listen(address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port }, () => {
      server.removeListener('error', reject)
      const bound = server.address()
      resolve(
        typeof bound === 'object' && bound !== null && address.kind === 'tcp'
          ? { ...address, port: bound.port }
          : address,
      )
    })
  })
}

/** A socket file that a daemon left when it was killed: nobody answers on it. */
function isAbandoned(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = connect({ path })
    probe.once('connect', () => {
      probe.destroy()
      resolve(false)
    })
    probe.once('error', (error) => resolve(codeOf(error) === 'ECONNREFUSED'))
  })
}

function describe(address: ListenAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : ''
}

/** What Node's parser could not read, or did not get in time. */
function refuseOnSocket(error: Error, socket: Socket & { _httpMessage?: ServerResponse | null }): void {
  const code = codeOf(error)
  if (code === 'ECONNRESET' || code === 'EPIPE' || !socket.writable) {
    socket.destroy()
    return
  }
  // An answer that has begun cannot be followed by another; what was written of it in this turn may still leave.
  if (socket._httpMessage?.headersSent === true) {
    setImmediate(() => socket.destroy())
    return
  }
  socket.end(rawRefusal(refusalFor(code)), () => socket.destroy())
}

function refusalFor(code: string): EnginehouseError {
  if (code === 'HPE_HEADER_OVERFLOW')
    return new EnginehouseError('headers_too_large', { limit: limits.MAX_HEADER_BYTES })
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new EnginehouseError('request_timeout', {})
  return badRequest(code.startsWith('HPE_') ? code.slice(4).toLowerCase().replaceAll('_', ' ') : 'it cannot be read')
}
