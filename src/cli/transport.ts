import type { Agent, ClientRequest, IncomingMessage, RequestOptions } from 'node:http'

import type { Millis } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import { systemReason } from '../lib/system-reason.ts'
import type { DaemonAddress } from './daemon-address.ts'
import { refusalIn } from './problem.ts'

/** HTTP to a daemon. Node's own client: a command starts with it in half the time that a pool of another takes. */
export interface Transport {
  /** The body of a 2xx answer, whole. Throws daemon_unreachable, timed_out, or the daemon's own refusal. */
  ask(request: Request): Promise<unknown>
  /** The body of a 2xx answer as it comes; fails as `ask` does, in the middle of it too. Asks when it is read. */
  open(request: Request): AsyncIterable<Uint8Array>
  close(): void
}

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** `quick`: what the daemon answers from memory, so that silence means that it hangs. */
  readonly answer: 'quick' | 'when_done'
  /** Ends this request alone. */
  readonly signal?: AbortSignal
}

const CONNECT_TIMEOUT: Millis = 5000
const QUICK_TIMEOUT: Millis = 30_000

export function openTransport(address: DaemonAddress, signal: AbortSignal): Transport {
  let agent: Agent | null = null
  const open = async function* (request: Request): AsyncGenerator<Uint8Array> {
    const quick = request.answer === 'quick' ? AbortSignal.timeout(QUICK_TIMEOUT) : null
    const ends = AbortSignal.any([signal, ...(quick ? [quick] : []), ...(request.signal ? [request.signal] : [])])
    try {
      const http = address.url.protocol === 'https:' ? await import('node:https') : await import('node:http')
      agent ??= new http.Agent({ keepAlive: true })
      const response = await send(http.request, { ...optionsOf(address, request), agent, signal: ends }, request.body)
      const status = response.statusCode ?? 0
      if (status >= 300) throw refusalOf(status, await textOf(response))
      yield* response
    } catch (error) {
      if (signal.aborted || request.signal?.aborted === true) throw error
      if (quick?.aborted)
        throw new EnginehouseError('timed_out', { what: 'An answer of the daemon', after: QUICK_TIMEOUT })
      throw isOfConnection(error) ? unreachable(address, error) : error
    }
  }
  return {
    open,
    ask: async (request) => parse(await textOf(open(request))),
    close: () => agent?.destroy(),
  }
}

function optionsOf({ url, socketPath, key }: DaemonAddress, { method, path, body }: Request): RequestOptions {
  return {
    ...(socketPath === null ? { host: url.hostname.replace(/^\[|\]$/g, ''), port: url.port || null } : { socketPath }),
    method,
    path: `${url.pathname.slice(0, -1)}${path}`,
    headers: {
      host: url.host,
      ...(key === null ? {} : { authorization: `Bearer ${key}` }),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  }
}

type Ask = (options: RequestOptions) => ClientRequest

/** Resolves with the head of the answer; the request's signal ends it at any time. */
function send(ask: Ask, options: RequestOptions, body: unknown): Promise<IncomingMessage> {
  return new Promise((resolve, reject) => {
    const outgoing = ask(options)
    const late = setTimeout(
      () => outgoing.destroy(Object.assign(new Error('no connection'), { code: 'ETIMEDOUT' })),
      CONNECT_TIMEOUT,
    )
    outgoing.once('socket', (socket) => {
      if (socket.connecting) socket.once('connect', () => clearTimeout(late))
      else clearTimeout(late)
    })
    outgoing.once('close', () => clearTimeout(late))
    outgoing.once('response', resolve)
    outgoing.on('error', reject)
    outgoing.end(body === undefined ? undefined : JSON.stringify(body))
  })
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

/** Whatever the system, the resolver or TLS says of a connection has a code; what we throw has one of the registry. */
function isOfConnection(error: unknown): error is Error & { readonly code: string } {
  return error instanceof Error && !(error instanceof EnginehouseError) && 'code' in error
}

/** Where nobody listens the sentence says all; a refused certificate or an unknown name is worth its reason. */
const NOBODY_THERE: ReadonlySet<string> = new Set(['ENOENT', 'ECONNREFUSED', 'ECONNRESET', 'EPIPE'])

function unreachable({ where }: DaemonAddress, error: Error & { readonly code: string }): EnginehouseError {
  const why = NOBODY_THERE.has(error.code) ? {} : { why: systemReason(error) }
  return new EnginehouseError('daemon_unreachable', { where, ...why }, { cause: error })
}

function parse(text: string): unknown {
  const answer = parseOrNull(text)
  if (answer === null) throw new EnginehouseError('daemon_answer_unexpected', { status: 200, text })
  return answer
}

function refusalOf(status: number, text: string): Error {
  return refusalIn(parseOrNull(text), status) ?? new EnginehouseError('daemon_answer_unexpected', { status, text })
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
