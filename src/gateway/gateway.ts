import { fastify } from 'fastify'
import type { FastifyContextConfig, FastifyInstance } from 'fastify'
import type { IncomingMessage, RequestListener } from 'node:http'
import type { Socket } from 'node:net'
import { EnginehouseError } from '../core/index.ts'
import type { Admission, Bytes, ListenAddress, Millis, ServerSpec, View } from '../core/index.ts'
import type { AccessLog, Logger, Metrics } from '../telemetry/index.ts'
import { logAccess, writeAnswered } from './access.ts'
import { createBodyBudget } from './body-budget.ts'
import { drainServers } from './drain.ts'
import { createErrorSender } from './errors.ts'
import type { Exchange, ExchangeRoom, LiveRequest } from './exchange.ts'
import { registerHealth } from './health.ts'
import { guardRequests } from './guard.ts'
import { createHosts } from './hosts.ts'
import { createIds, requestIdOf } from './ids.ts'
import { registerInference } from './inference.ts'
import { waitingFor } from './heartbeat.ts'
import type { HeartbeatTimes } from './heartbeat.ts'
import { HEARTBEAT, MAX_BODIES, MAX_PATH_PARAMETER, SERVER_BOUNDS, STALLED_READER } from './limits.ts'
import type { ServerBounds } from './limits.ts'
import { createCatalog } from './catalog.ts'
import { registerModels } from './models.ts'
import { Roster } from './roster.ts'
import { createKnownRoutes } from './routes.ts'
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
    /** Default HEARTBEAT. */
    readonly heartbeat?: HeartbeatTimes
    /** Of each listener; default SERVER_BOUNDS. */
    readonly server?: ServerBounds
  }
  /** The manifest in force, of which this is read. */
  readonly manifest: () => GatewayManifest
  /** This host's own names, for Host headers. */
  readonly hostNames: readonly string[]
  /** Milliseconds of a clock that only moves forward. */
  readonly now?: () => Millis
}

/** What of the manifest is the gateway's to carry out; read anew for each request, so that a reload is felt at once. */
export interface GatewayManifest {
  readonly server: Pick<ServerSpec, 'hosts' | 'cors'>
}

/** Inference requests whose response is not closed yet. */
export interface LiveRequests {
  all(): readonly LiveRequest[]
  /** Ends the request with this id, or all that came with it as their client's own; shows what they were. */
  cancel(id: string): readonly LiveRequest[]
}

export interface Gateway {
  /** For other rooms' routes, registered before the first `listen`. Their errors take the same path as ours. */
  readonly app: FastifyInstance
  readonly requests: LiveRequests
  /** The clients' front. Resolves with the bound address; throws address_in_use or listen_failed. */
  listen(address: ListenAddress): Promise<ListenAddress>
  /** The local login: the same routes on a socket that the file system protects, so no Host or Origin is checked. */
  listenLocal(socketPath: string): Promise<void>
  /** Whether a request came by that socket. */
  isLocal(request: IncomingMessage): boolean
  /**
   * Takes no new connection and no new inference request; what runs or waits goes on. When the signal aborts, each of
   * those gets its terminal error. Resolves when no request is left and every socket is closed.
   */
  drain(options: { readonly deadlineSignal: AbortSignal }): Promise<void>
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
  const catalog = createCatalog(view)
  const exchanges: ExchangeRoom = {
    admission,
    upstreams,
    metrics,
    log,
    access,
    running,
    stalledReader: limits.stalledReader ?? STALLED_READER,
    timeoutsOf: (model) => view.resolve(model)?.timeouts ?? null,
    heartbeat: limits.heartbeat ?? HEARTBEAT,
    waitingFor: (model) => waitingFor(model, view.model(model)),
    able: (capability) => catalog.able(capability),
    serves: (model, capability) => view.resolve(model)?.capabilities.has(capability) ?? false,
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
  const localSockets = new WeakSet<Socket>()
  const isLocal = (request: IncomingMessage): boolean => localSockets.has(request.socket)
  const hosts = createHosts(options.hostNames, () => options.manifest().server.hosts)
  const routes = createKnownRoutes()
  app.setErrorHandler(sendError)
  logAccess(app, access)
  app.addHook('onRoute', ({ url, method, config }) => routes.add({ url, method, crossOrigin: isForPages(config) }))
  guardRequests(app, {
    routes,
    hosts: hosts.allowed,
    origins: () => options.manifest().server.cors,
    isLocal,
  })
  registerHealth(app, { view, metrics, stage: () => (draining ? 'stopping' : view.stage) })
  registerModels(app, catalog)
  registerInference(app, {
    catalog,
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
    requests: {
      all: () => running.all().map((exchange) => exchange.show()),
      cancel(id) {
        const found = running.all().filter((exchange) => isCalled(exchange.show(), id))
        const shown = found.map((exchange) => exchange.show())
        for (const exchange of found) exchange.end(new EnginehouseError('request_cancelled', {}))
        return shown
      },
    },
    async listen(address) {
      await app.ready()
      const bound = await bind(front, address)
      hosts.listenOn(bound)
      return bound
    },
    isLocal,
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
          for (const exchange of running.all()) exchange.end(new EnginehouseError('shutting_down', {}))
        },
      })
      await upstreams.close()
      await app.close()
    },
  }
}

function isForPages(config: FastifyContextConfig | undefined): boolean {
  return config?.crossOrigin === true
}

function isCalled(request: LiveRequest, id: string): boolean {
  return request.id === id || request.clientId === id
}
