import { fastify } from 'fastify'
import type { FastifyInstance } from 'fastify'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { EnginehouseError } from '../core/index.ts'
import type { Admission, Bytes, ListenAddress, Millis, View } from '../core/index.ts'
import type { AccessLog, Logger, Metrics } from '../telemetry/index.ts'
import { logAccess, writeAnswered } from './access.ts'
import { createBodyBudget } from './body-budget.ts'
import { checkExpectation, checkFraming, checkHost, checkOrigin, checkTarget } from './checks.ts'
import { drainServers } from './drain.ts'
import { createErrorSender } from './errors.ts'
import type { Exchange, ExchangeRoom } from './exchange.ts'
import { registerHealth } from './health.ts'
import { allowedHosts } from './hosts.ts'
import { createIds, requestIdOf } from './ids.ts'
import { registerInference } from './inference.ts'
import { MAX_BODIES, MAX_PATH_PARAMETER, SERVER_BOUNDS, STALLED_READER } from './limits.ts'
import type { ServerBounds } from './limits.ts'
import { registerModels } from './models.ts'
import { Roster } from './roster.ts'
import { createKnownRoutes, isNotBuilt } from './routes.ts'
import type { KnownRoutes } from './routes.ts'
import { bind, makeServer } from './servers.ts'
import { createUpstreams } from './upstream.ts'

export interface GatewayOptions {
  readonly admission: Admission
  readonly view: View
  readonly metrics: Metrics
  readonly log: Logger
  readonly access: AccessLog
  readonly limits: {
    readonly maxBody: Bytes
    /** Of all bodies at once; default MAX_BODIES. */
    readonly bodies?: Bytes
    /** A client that takes nothing for this long is cut; default 30 s. */
    readonly stalledReader?: Millis
    /** Of each listener; default SERVER_BOUNDS. */
    readonly server?: ServerBounds
  }
  /** Names in Host headers beside localhost, the loopback addresses and the address that is listened on. */
  readonly hosts: readonly string[]
  /** Milliseconds of a clock that only moves forward. */
  readonly now?: () => Millis
}

export interface Gateway {
  /** For other rooms' routes, registered before the first `listen`. Their errors take the same path as ours. */
  readonly app: FastifyInstance
  /** Inference requests whose response is not closed yet. */
  readonly inFlight: number
  /** The clients' front. Resolves with the bound address; throws address_in_use or listen_failed. */
  listen(address: ListenAddress): Promise<ListenAddress>
  /** The local login: the same routes on a socket that the file system protects, so no Host or Origin is checked. */
  listenLocal(socketPath: string): Promise<void>
  /**
   * Takes no new connection and no new inference request; what runs or waits goes on. When the signal aborts, each of
   * those gets its terminal error. Resolves when no request is left and every socket is closed.
   */
  drain(options: { readonly deadlineSignal: AbortSignal }): Promise<void>
}

const localSockets = new WeakSet<Socket>()

/** Whether a request came over the admin socket, which only the daemon's own user can open. */
export function isLocalLogin(request: { readonly raw: IncomingMessage }): boolean {
  return localSockets.has(request.raw.socket)
}

export function createGateway(options: GatewayOptions): Gateway {
  const { admission, view, metrics, log, access, limits } = options
  const nextId = createIds()
  const emptied: (() => void)[] = []
  let draining = false
  const running = new Roster<Exchange>()
  const upstreams = createUpstreams((instance, reason) => {
    for (const exchange of running.all()) if (exchange.instance === instance) exchange.engineEnded(reason)
  })
  const exchanges: ExchangeRoom = {
    admission,
    upstreams,
    metrics,
    log,
    access,
    running,
    stalledReader: limits.stalledReader ?? STALLED_READER,
    now: options.now ?? (() => performance.now()),
    closed() {
      if (running.size === 0) for (const resolve of emptied.splice(0)) resolve()
    },
    spare: null,
  }
  const sendError = createErrorSender({ maxBody: limits.maxBody, log })
  const app = fastify({
    genReqId: (request) => requestIdOf(request as IncomingMessage) ?? nextId(),
    bodyLimit: limits.maxBody,
    routerOptions: { maxParamLength: MAX_PATH_PARAMETER },
    frameworkErrors: sendError,
  })
  let hosts = allowedHosts({ kind: 'unix', path: '' }, options.hosts)
  const routes = createKnownRoutes()
  app.setErrorHandler(sendError)
  logAccess(app, access)
  app.addHook('onRoute', ({ url, method }) => routes.add(url, method))
  guardRequests(app, { routes, hosts: () => hosts })
  registerHealth(app, { view, metrics, stage: () => (draining ? 'stopping' : view.stage) })
  registerModels(app, view)
  registerInference(app, {
    view,
    exchanges,
    maxBody: limits.maxBody,
    bodies: createBodyBudget(limits.bodies ?? Math.max(MAX_BODIES, 4 * limits.maxBody), limits.maxBody),
    nextId,
    draining: () => draining,
    refuse(error, request, reply, route) {
      const outcome = request.raw.destroyed && !request.raw.complete ? 'client_gone' : 'refused'
      metrics.requestStarted()
      metrics.requestEnded({ model: null, route, outcome, seconds: reply.elapsedTime / 1000, firstByteSeconds: null })
      sendError(error, request, reply)
      if (access.wanted) writeAnswered(access, request, reply, { route, outcome, error })
    },
  })

  const listener: RequestListener = (request, response) => app.routing(request, response)
  const bounds = limits.server ?? SERVER_BOUNDS
  const front = makeServer(listener, bounds)
  const local = makeServer(listener, bounds)
  local.on('connection', (socket: Socket) => localSockets.add(socket))

  return {
    app,
    get inFlight() {
      return running.size
    },
    async listen(address) {
      await app.ready()
      const bound = await bind(front, address)
      hosts = allowedHosts(bound, options.hosts)
      return bound
    },
    async listenLocal(socketPath) {
      await app.ready()
      await bind(local, { kind: 'unix', path: socketPath })
    },
    async drain({ deadlineSignal }) {
      draining = true
      await drainServers({
        front,
        local,
        deadlineSignal,
        idle: () => (running.size === 0 ? Promise.resolve() : new Promise((resolve) => void emptied.push(resolve))),
        cutAll() {
          for (const exchange of running.all()) exchange.shutDown()
        },
      })
      await upstreams.close()
      await app.close()
    },
  }
}

interface Guard {
  readonly routes: KnownRoutes
  hosts(): ReadonlySet<string>
}

/** The passes of every request, whatever its route, in their order. */
function guardRequests(app: FastifyInstance, { routes, hosts }: Guard): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.header('x-request-id', request.id)
    try {
      checkTarget(request.raw)
      checkFraming(request.raw)
      if (!isLocalLogin(request)) {
        checkHost(request.raw, hosts())
        checkOrigin(request.raw)
      }
      checkExpectation(request.raw)
      if (request.is404) throw unknownRoute(request.raw, routes)
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

function unknownRoute(request: IncomingMessage, routes: KnownRoutes): EnginehouseError {
  const method = request.method ?? ''
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  const allow = routes.methodsAt(path)
  if (allow.length > 0) return new EnginehouseError('method_not_allowed', { method, path, allow })
  if (isNotBuilt(path)) return new EnginehouseError('route_not_supported', { method, path })
  return new EnginehouseError('route_not_found', { method, path })
}
