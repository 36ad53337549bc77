import { request } from 'node:http'
import type { ClientRequest, IncomingMessage, RequestOptions } from 'node:http'

import type { Address, ProbeOptions, ProbeReply } from '../core/index.ts'

/** Of the answer's body; a longer one is cut and its connection closed. */
const BODY_LIMIT = 64 * 1024

/** Nobody listens: the port is closed, or the socket file is not there yet. */
const REFUSED: ReadonlySet<unknown> = new Set(['ECONNREFUSED', 'ENOENT'])

/**
 * One GET on a connection of its own, which is closed whatever comes. `options.timeout` is for all of it, from the
 * connect to the last byte of the body.
 */
export function probe(address: Address, path: string, options: ProbeOptions): Promise<ProbeReply> {
  const asked = ask(address, path, options.key)
  if (asked instanceof Error) return Promise.resolve({ kind: 'broken', why: asked.message })
  return new Promise((resolve) => {
    const settle = (reply: ProbeReply): void => {
      clearTimeout(deadline)
      asked.destroy()
      resolve(reply)
    }
    const breakOff = (error: Error & { code?: string }): void =>
      settle(REFUSED.has(error.code) ? { kind: 'refused' } : { kind: 'broken', why: error.message })
    const deadline = setTimeout(() => settle({ kind: 'timeout' }), options.timeout)

    asked.on('response', (response) => readBody(response, settle, breakOff))
    asked.on('error', breakOff)
    asked.on('close', () => settle({ kind: 'broken', why: 'the connection was closed without an answer' }))
    asked.end()
  })
}

/** An error for a path or key that cannot be written in HTTP. */
function ask(address: Address, path: string, key: string | null): ClientRequest | Error {
  const target: RequestOptions =
    address.kind === 'tcp' ? { host: address.host, port: address.port } : { socketPath: address.path }
  const authorization = key === null ? {} : { authorization: `Bearer ${key}` }
  try {
    return request({ ...target, path, agent: false, headers: { ...authorization, connection: 'close' } })
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
}

function readBody(
  response: IncomingMessage,
  settle: (reply: ProbeReply) => void,
  breakOff: (error: Error) => void,
): void {
  const pieces: Buffer[] = []
  let length = 0
  const answer = (): void =>
    settle({
      kind: 'answer',
      status: response.statusCode ?? 0,
      body: Buffer.concat(pieces).toString('utf8', 0, BODY_LIMIT),
    })
  response.on('data', (piece: Buffer) => {
    pieces.push(piece)
    length += piece.length
    if (length >= BODY_LIMIT) answer()
  })
  response.on('end', answer)
  response.on('error', breakOff)
}
