import type { IncomingHttpHeaders } from 'node:http'
import type { Lease } from '../core/index.ts'

/** Hop-by-hop headers, and those that an engine may not decide for us: who may read answers, cookies, ids. */
const NOT_PASSED: ReadonlySet<string> = new Set(
  (
    'connection keep-alive proxy-authenticate proxy-connection te trailer transfer-encoding upgrade ' +
    'alt-svc set-cookie x-request-id'
  ).split(' '),
)
/** An engine's `access-control-allow-origin: *` would open our endpoint to every web page. */
const CORS_PREFIX = 'access-control-'
/** Proxies in front of us hold streams back unless they are told not to. */
const UNHELD = ['x-accel-buffering', 'no', 'cache-control', 'no-cache, no-transform'] as const
const OURS_ON_STREAMS: ReadonlySet<string> = new Set(['cache-control', 'x-accel-buffering'])

/** How an answer is framed and what it is, as its head says. */
export interface AnswerKind {
  readonly stream: boolean
  readonly json: boolean
  /** Ends with its connection: then only its content can prove that it is whole. */
  readonly unframed: boolean
  readonly empty: boolean
}

export function kindOf(status: number, headers: IncomingHttpHeaders): AnswerKind {
  const type = headers['content-type'] ?? ''
  const empty = headers['content-length'] === '0' || status === 204 || status === 304
  return {
    stream: type.startsWith('text/event-stream'),
    json: type.includes('json'),
    unframed: !empty && headers['content-length'] === undefined && headers['transfer-encoding'] === undefined,
    empty,
  }
}

/** The head of the client's answer as a flat list of names and values. */
export function answerHeaders(fromEngine: IncomingHttpHeaders, own: readonly string[], kind: AnswerKind): string[] {
  const named = fromEngine.connection?.toLowerCase().split(/\s*,\s*/)
  const headers = [...own]
  for (const name in fromEngine) {
    if (NOT_PASSED.has(name) || name.startsWith(CORS_PREFIX)) continue
    if (kind.stream && OURS_ON_STREAMS.has(name)) continue
    // Beside chunks a length says nothing true.
    if (name === 'content-length' && (kind.unframed || fromEngine['transfer-encoding'] !== undefined)) continue
    if (named !== undefined && named.includes(name)) continue
    const value = fromEngine[name]
    if (typeof value === 'string') headers.push(name, value)
    else if (value !== undefined) for (const each of value) headers.push(name, each)
  }
  if (kind.stream) headers.push(...UNHELD)
  return headers
}

/** The head of an answer whose engine is not there yet. Who will answer is not known: a fallback may. */
export function waitingHeaders(requestId: string, kind: 'stream' | 'body'): string[] {
  const type = kind === 'stream' ? 'text/event-stream' : 'application/json'
  return ['x-request-id', requestId, 'content-type', type, ...UNHELD]
}

/** What we say about an answer ourselves; that another model answers than was asked is always said. */
export function ownHeaders(requestId: string, lease: Lease): readonly string[] {
  const { model, instance, queued, coldStart, fallbackFrom } = lease
  const headers = ['x-request-id', requestId, 'x-enginehouse-model', model, 'x-enginehouse-instance', instance]
  headers.push('x-enginehouse-queue-ms', String(Math.round(queued)))
  if (coldStart !== null) headers.push('x-enginehouse-cold-start-ms', String(Math.round(coldStart)))
  if (fallbackFrom !== null) headers.push('x-enginehouse-fallback-from', fallbackFrom)
  return headers
}
