import type { FastifyInstance } from 'fastify'

import { acceptJson } from './json.ts'
import type { AdminOptions } from './route.ts'
import { actionRoutes } from './routes/actions.ts'
import { eventRoutes } from './routes/events.ts'
import { explainRoutes } from './routes/explain.ts'
import { logRoutes } from './routes/logs.ts'
import { readRoutes } from './routes/reads.ts'
import { requestRoutes } from './routes/requests.ts'

const PREFIX = '/api/v1'

/**
 * Adds the native routes to the one server, which checks who asks: Host and Origin over TCP, nobody else on the admin
 * socket. Errors are thrown, and answered by the server's own error handler.
 */
export async function registerAdmin(app: FastifyInstance, options: AdminOptions): Promise<void> {
  const rooms = [readRoutes, actionRoutes, requestRoutes, explainRoutes, eventRoutes, logRoutes]
  const routes = rooms.flatMap((routesOf) => routesOf(options))
  await app.register(
    async (scope) => {
      acceptJson(scope)
      for (const route of routes) scope.route({ method: route.method, url: route.path, handler: route.handle })
    },
    { prefix: PREFIX },
  )
}
