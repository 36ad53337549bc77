import { Pool } from 'undici'

import type { Millis } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import { refusalIn } from './problem.ts'

/** HTTP over the admin socket. The socket's directory is the login, so that no key is sent. */
export interface Transport {
  /** The body of a 2xx answer, whole. Throws daemon_unreachable, timed_out, or the daemon's own refusal. */
  ask(request: Request): Promise<unknown>
  /** The body of a 2xx answer as it comes; fails as `ask` does, in the middle of it too. Asks when it is read. */
  open(request: Request): AsyncIterable<Uint8Array>
  close(): Promise<void>
}

export interface Request {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly body?: unknown
  /** `quick`: what the daemon answers from memory, so that silence means that it hangs. */
  readonly answer: 'quick' | 'when_done'
}

const CONNECT_TIMEOUT: Millis = 5000
const QUICK_TIMEOUT: Millis = 30_000

export function openTransport(socketPath: string, signal: AbortSignal): Transport {
  const pool = new Pool('http://localhost', {
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
    connect: { socketPath, timeout: CONNECT_TIMEOUT },
  })
  const open = async function* (request: Request): AsyncGenerator<Uint8Array> {
    const quick = request.answer === 'quick' ? AbortSignal.timeout(QUICK_TIMEOUT) : null
    try {
      const response = await pool.request({
        method: request.method,
        path: request.path,
        signal: quick ? AbortSignal.any([signal, quick]) : signal,
        ...(request.body === undefined
          ? {}
          : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(request.body) }),
      })
      if (response.statusCode >= 300) throw refusalOf(response.statusCode, await response.body.text())
      yield* response.body
    } catch (error) {
      if (quick?.aborted)
        throw new EnginehouseError('timed_out', { what: 'An answer of the daemon', after: QUICK_TIMEOUT })
      throw isUnreachable(error)
        ? new EnginehouseError('daemon_unreachable', { where: socketPath }, { cause: error })
        : error
    }
  }
  return {
    open,
    ask: async (request) => parse(await textOf(open(request))),
    close: () => pool.destroy(),
  }
}

async function textOf(body: AsyncIterable<Uint8Array>): Promise<string> {
  const pieces: Uint8Array[] = []
  for await (const piece of body) pieces.push(piece)
  return Buffer.concat(pieces).toString('utf8')
}

const UNREACHABLE: ReadonlySet<string> = new Set([
  'ENOENT',
  'ECONNREFUSED',
  'EACCES',
  'ECONNRESET',
  'EPIPE',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_SOCKET',
])

function isUnreachable(error: unknown): boolean {
  return error instanceof Error && 'code' in error && UNREACHABLE.has(String(error.code))
}

function parse(text: string): unknown {
  const answer = parseOrNull(text)
  if (answer === null) throw new EnginehouseError('daemon_answer_unexpected', { status: 200, text })
  return answer
}

function refusalOf(status: number, text: string): Error {
  return refusalIn(parseOrNull(text)) ?? new EnginehouseError('daemon_answer_unexpected', { status, text })
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
