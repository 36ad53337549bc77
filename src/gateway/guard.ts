import type { FastifyInstance, FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify'
import type { IncomingMessage } from 'node:http'
import { EnginehouseError } from '../core/index.ts'
import { checkExpectation, checkFraming, checkHost, checkTarget } from './checks.ts'
import { allowReading, checkOrigin, isPreflight, preflightHeaders } from './cors.ts'
import { isNotBuilt } from './routes.ts'
import type { KnownRoutes } from './routes.ts'

export interface Guard {
  readonly routes: KnownRoutes
  /** Names in Host headers that are answered. */
  hosts(): ReadonlySet<string>
  /** Origins of pages that may use inference routes. */
  origins(): readonly string[]
  /** Over the admin socket, where the file system has already said who is there. */
  isLocal(request: IncomingMessage): boolean
}

/** The passes of every request, whatever its route, in their order. Before any route is registered. */
export function guardRequests(app: FastifyInstance, guard: Guard): void {
  app.addHook('onRoute', (route) => {
    if (route.url.endsWith('*')) route.onRequest = [route.onRequest ?? [], wildcardCheck(guard.routes)].flat()
  })
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    try {
      checkTarget(request.raw)
      checkFraming(request.raw)
      if (!guard.isLocal(request.raw)) checkBrowser(guard, request, reply)
      checkExpectation(request.raw)
      if (request.is404) return answerUnknown(guard, request, reply)
    } catch (error) {
      return done(error as Error)
    }
    done()
  })
  // Said only here: a body that a check refuses is not asked for.
  app.addHook('preParsing', (request, reply, payload, done) => {
    if (request.raw.headers.expect !== undefined) reply.raw.writeContinue()
    done(null, payload)
  })
}

/** What a web page in a browser of this host could do here: neither reach us by another name, nor act for another page. */
function checkBrowser(guard: Guard, request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request
  checkHost(raw, guard.hosts())
  // Only browsers send an origin; what nearly every request pays is this one look.
  if (raw.headers.origin === undefined && raw.headers['sec-fetch-site'] === undefined) return
  const listed = isForPages(guard, request) ? guard.origins() : []
  checkOrigin(raw, listed)
  allowReading(raw, reply.raw, listed)
}

function isForPages({ routes }: Guard, request: FastifyRequest): boolean {
  if (request.routeOptions.config.crossOrigin === true) return true
  return isPreflight(request.raw) && routes.crossOriginMethodsAt(pathOf(request.raw)).length > 0
}

function answerUnknown({ routes }: Guard, request: FastifyRequest, reply: FastifyReply): void {
  const { raw } = request
  const method = raw.method ?? ''
  const path = pathOf(raw)
  const forPages = isPreflight(raw) ? routes.crossOriginMethodsAt(path) : []
  if (forPages.length > 0) {
    void reply.code(204).headers(preflightHeaders(raw, forPages)).send()
    return
  }
  const allow = routes.methodsAt(path)
  if (allow.length > 0) throw new EnginehouseError('method_not_allowed', { method, path, allow })
  if (isNotBuilt(path)) throw new EnginehouseError('route_not_supported', { method, path })
  throw new EnginehouseError('route_not_found', { method, path })
}

/** `GET /v1/models/unload-all` asks for no model of that name: what takes POST by itself is no wildcard's. */
function wildcardCheck(routes: KnownRoutes): onRequestHookHandler {
  return (request, _, done) => {
    const path = pathOf(request.raw)
    const allow = routes.ownMethodsAt(path)
    if (allow.length === 0) return done()
    done(new EnginehouseError('method_not_allowed', { method: request.method, path, allow }))
  }
}

function pathOf(request: IncomingMessage): string {
  return (request.url ?? '').split('?', 1)[0] ?? ''
}
