import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { IncomingMessage } from 'node:http'
import { EnginehouseError } from '../core/index.ts'
import type { AccessLog } from '../telemetry/index.ts'
import { INFERENCE_ROUTES } from './routes.ts'

/** What load balancers and Prometheus ask every few seconds: lines of them would bury the others. */
const PROBES: ReadonlySet<string> = new Set([
  '/livez',
  '/readyz',
  '/health',
  '/healthz',
  '/v1/health',
  '/metrics',
  '/v1/metrics',
])

/** These write their own entries, which say more. */
const INFERENCE: ReadonlySet<string> = new Set(INFERENCE_ROUTES.flatMap(({ path, aliases }) => [path, ...aliases]))

/** Of a path that no route has; a client may ask for anything. */
const LONGEST_PATH = 200

/** An entry for every request but those that become an exchange, when its answer is handed to the connection. */
export function logAccess(app: FastifyInstance, access: AccessLog): void {
  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? pathOf(request)
    if (!INFERENCE.has(route) && (PROBES.has(route) ? access.probesWanted : access.wanted)) {
      const outcome = reply.raw.statusCode < 400 ? 'complete' : 'refused'
      writeAnswered(access, request, reply, { route, outcome, error: null })
    }
    done()
  })
}

/** The entry of a request that was answered by ourselves. */
export function writeAnswered(
  access: AccessLog,
  request: FastifyRequest,
  reply: FastifyReply,
  { route, outcome, error }: { readonly route: string; readonly outcome: string; readonly error: Error | null },
): void {
  access.write({
    request: request.id,
    clientRequest: null,
    method: request.method,
    route,
    model: null,
    instance: null,
    status: outcome === 'client_gone' ? null : reply.raw.statusCode,
    outcome,
    bytes: null,
    queueMs: null,
    coldStartMs: null,
    firstByteMs: null,
    totalMs: reply.elapsedTime,
    usage: null,
    code: error instanceof EnginehouseError ? error.code : null,
    client: clientOf(request.raw),
    agent: request.raw.headers['user-agent'],
  })
}

/** The address that the request came from. Known while the connection stands; a unix socket has none. */
export function clientOf(request: IncomingMessage): string {
  return request.socket.remoteAddress ?? 'local'
}

function pathOf(request: FastifyRequest): string {
  return (request.raw.url ?? '').split('?', 1)[0]?.slice(0, LONGEST_PATH) ?? ''
}
