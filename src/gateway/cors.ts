import type { IncomingMessage, ServerResponse } from 'node:http'
import { EnginehouseError } from '../core/index.ts'
import type { Protocol } from './protocols.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Pages of `server.cors` may use this route; all others are for pages of this server alone. */
    readonly crossOrigin?: true
    /** In whose words errors are said; OpenAI's where it is left out. */
    readonly protocol?: Protocol
    /** Takes multipart/form-data beside JSON. */
    readonly form?: boolean
  }
}

const LOCAL_ORIGIN = /^https?:\/\/(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$/i
/** Names of headers as a preflight lists them. */
const HEADER_LIST = /^[A-Za-z0-9!#$&'*+.^_`|~-]+(\s*,\s*[A-Za-z0-9!#$&'*+.^_`|~-]+)*$/
/** How long a browser may remember a preflight, in seconds: a changed manifest is felt within this. */
const PREFLIGHT_LIFE = '600'
/** What a page may read of an answer beside its body. */
const EXPOSED =
  'x-request-id, x-enginehouse-model, x-enginehouse-instance, x-enginehouse-queue-ms, ' +
  'x-enginehouse-cold-start-ms, x-enginehouse-fallback-from, retry-after, x-should-retry'

/** Whether a page's origin is one of `server.cors`: `local` for every page of this host, else the exact origin. */
export function isListed(origin: string, cors: readonly string[]): boolean {
  return cors.some((entry) => (entry === 'local' ? LOCAL_ORIGIN.test(origin) : entry === origin))
}

/** A page that this very server served: its origin is the name that the request itself was sent to. */
export function isSameOrigin(origin: string, host: string | undefined): boolean {
  return origin === `http://${host}` || origin === `https://${host}`
}

/**
 * Cross-site forgery: browsers let any page send a POST here, and always say in Origin where it came from. `listed`: the
 * origins that may, beside pages of this server. An old browser that leaves Origin out still says that the page was
 * another's.
 */
export function checkOrigin(request: IncomingMessage, listed: readonly string[]): void {
  const { origin, host, 'sec-fetch-site': site } = request.headers
  if (request.method === 'GET' || request.method === 'HEAD') return
  if (origin === undefined) {
    if (site === 'cross-site') throw new EnginehouseError('origin_not_allowed', { origin: 'another site' })
    return
  }
  if (!isSameOrigin(origin, host) && !isListed(origin, listed))
    throw new EnginehouseError('origin_not_allowed', { origin })
}

/** Lets a listed page read the answer, whichever way it is written. Others get it without: a browser keeps it to itself. */
export function allowReading(request: IncomingMessage, response: ServerResponse, listed: readonly string[]): void {
  const { origin } = request.headers
  if (origin === undefined || !isListed(origin, listed)) return
  response.setHeader('access-control-allow-origin', origin)
  response.setHeader('access-control-expose-headers', EXPOSED)
  response.setHeader('vary', 'origin')
}

/** Whether this is a browser's question if a page may send a request, rather than a request. */
export function isPreflight(request: IncomingMessage): boolean {
  const { origin, 'access-control-request-method': method } = request.headers
  return request.method === 'OPTIONS' && origin !== undefined && method !== undefined
}

/** The answer to a preflight: any header may come, as client libraries add many, and none of them is an order. */
export function preflightHeaders(
  request: IncomingMessage,
  methods: readonly string[],
): Readonly<Record<string, string>> {
  const asked = request.headers['access-control-request-headers']
  return {
    'access-control-allow-methods': methods.join(', '),
    ...(asked !== undefined && HEADER_LIST.test(asked) ? { 'access-control-allow-headers': asked } : {}),
    'access-control-max-age': PREFLIGHT_LIFE,
    vary: 'origin, access-control-request-headers',
  }
}
