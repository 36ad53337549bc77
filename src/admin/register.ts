import type { FastifyInstance } from 'fastify'

import { acceptJson } from './json.ts'
import type { AdminOptions, Route } from './route.ts'
import { actionRoutes } from './routes/actions.ts'
import { configRoutes } from './routes/config.ts'
import { documentationRoutes } from './routes/documentation.ts'
import { eventRoutes } from './routes/events.ts'
import { explainRoutes } from './routes/explain.ts'
import { logRoutes } from './routes/logs.ts'
import { operationRoutes } from './routes/operations.ts'
import { readRoutes } from './routes/reads.ts'
import { requestRoutes } from './routes/requests.ts'
import { routerRoutes } from './routes/router.ts'
import { seedRoutes } from './routes/seed.ts'

const PREFIX = '/api/v1'

/**
 * Adds the native routes to the one server, which checks who asks: Host and Origin over TCP, nobody else on the admin
 * socket. Errors are thrown, and answered by the server's own error handler.
 */
export async function registerAdmin(app: FastifyInstance, options: AdminOptions): Promise<void> {
  const native = [readRoutes, configRoutes, actionRoutes, requestRoutes, explainRoutes, eventRoutes, logRoutes]
  await addRoutes(
    app,
    PREFIX,
    native.flatMap((routesOf) => routesOf(options)),
  )
  await addRoutes(
    app,
    '',
    [seedRoutes, routerRoutes, operationRoutes, documentationRoutes].flatMap((routesOf) => routesOf(options)),
  )
}

/** In a scope of their own: their bodies are read as JSON, those of inference routes are not. */
async function addRoutes(app: FastifyInstance, prefix: string, routes: readonly Route[]): Promise<void> {
  await app.register(
    async (scope) => {
      acceptJson(scope)
      for (const { method, path, handle, bodyLimit } of routes) {
        scope.route({ method, url: path, handler: handle, ...(bodyLimit === undefined ? {} : { bodyLimit }) })
      }
    },
    { prefix },
  )
}
