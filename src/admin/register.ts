import type { FastifyInstance, FastifyRequest } from 'fastify'

import { EnginehouseError } from '../core/index.ts'
import { acceptJson } from './json.ts'
import type { AdminOptions } from './route.ts'
import { actionRoutes } from './routes/actions.ts'
import { eventRoutes } from './routes/events.ts'
import { explainRoutes } from './routes/explain.ts'
import { logRoutes } from './routes/logs.ts'
import { readRoutes } from './routes/reads.ts'

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
