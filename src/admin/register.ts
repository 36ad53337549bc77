import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'

import type { Instant, Operations } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import { acceptJson } from './json.ts'
import type { EngineLogs, History } from './ports.ts'
import { actionRoutes } from './routes/actions.ts'
import { eventRoutes } from './routes/events.ts'
import { explainRoutes } from './routes/explain.ts'
import { logRoutes } from './routes/logs.ts'
import { readRoutes } from './routes/reads.ts'

export interface AdminOptions {
  readonly operations: Operations
  readonly journal: History
  readonly logs: EngineLogs
  /** Whether a request came by the admin socket, whose directory is the login. */
  readonly isLocal: (request: FastifyRequest) => boolean
  readonly version: string
  readonly startedAt: Instant
  /** Where clients reach the daemon, as an URL or `unix:/path`; null until it listens. */
  readonly listen: () => string | null
  /** The manifest's file; null for one made in memory. */
  readonly manifest: string | null
  readonly stateDirectory: string
  readonly now: () => Instant
}

/** One native route: its method, its path below /api/v1 and what it does. */
export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly handle: (request: FastifyRequest, reply: FastifyReply) => unknown
}

const PREFIX = '/api/v1'

/**
 * Adds the native routes to the one server. Errors are thrown, and answered by the server's own error handler.
 * Without keys the admin socket is the only login, so over TCP each route is refused with admin_socket_only.
 */
export async function registerAdmin(app: FastifyInstance, options: AdminOptions): Promise<void> {
  const rooms = [readRoutes, actionRoutes, explainRoutes, eventRoutes, logRoutes]
  const routes = rooms.flatMap((routesOf) => routesOf(options))
  await app.register(
    async (scope) => {
      acceptJson(scope)
      scope.addHook('onRequest', async (request) => refuseRemote(request, options))
      for (const route of routes) scope.route({ method: route.method, url: route.path, handler: route.handle })
    },
    { prefix: PREFIX },
  )
}

function refuseRemote(request: FastifyRequest, options: AdminOptions): void {
  if (!options.isLocal(request)) throw new EnginehouseError('admin_socket_only', { path: pathOf(request) })
}

function pathOf(request: FastifyRequest): string {
  return request.url.split('?', 1)[0] ?? ''
}
