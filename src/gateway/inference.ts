import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { EnginehouseError } from '../core/index.ts'
import type { Bytes, RequestId, ServedModel } from '../core/index.ts'
import { readAsked } from './asked.ts'
import type { Asked } from './asked.ts'
import type { BodyBudget } from './body-budget.ts'
import type { Catalog } from './catalog.ts'
import { checkMediaType } from './checks.ts'
import { Exchange } from './exchange.ts'
import type { ExchangeRoom } from './exchange.ts'
import { boundaryOf, isForm, readForm } from './form.ts'
import type { Waits } from './heartbeat.ts'
import { INFERENCE_ROUTES } from './routes.ts'
import type { InferenceRoute } from './routes.ts'
import { requestIdOf } from './ids.ts'

export interface InferenceRoom {
  readonly catalog: Catalog
  readonly exchanges: ExchangeRoom
  readonly maxBody: Bytes
  readonly bodies: BodyBudget
  nextId(): RequestId
  /** No new request may begin. */
  draining(): boolean
  /** Answers a request that was refused before it became an exchange. */
  refuse(error: Error, request: FastifyRequest, reply: FastifyReply, route: string): void
}

/** A request without a body: our check says what is wrong with it. */
const NO_BODY = Buffer.alloc(0)

/** The routes that wake models. Their bodies stay bytes, and their answers are written past the framework. */
export function registerInference(app: FastifyInstance, room: InferenceRoom): void {
  app.register((scope, _, done) => {
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: room.maxBody }, (_request, body, parsed) =>
      parsed(null, body),
    )
    scope.addHook('onRequest', (request, reply, next) => {
      try {
        if (room.draining()) throw new EnginehouseError('shutting_down', {})
        checkMediaType(request.raw, request.routeOptions.config.form === true ? 'form' : 'json')
        room.bodies.take(request.raw, reply.raw)
      } catch (error) {
        return next(error as Error)
      }
      next()
    })
    for (const route of INFERENCE_ROUTES) {
      const handler = inferenceHandler(room, route)
      const config = { crossOrigin: true, protocol: route.protocol, form: route.body === 'form' } as const
      const errorHandler = (error: Error, request: FastifyRequest, reply: FastifyReply): void =>
        room.refuse(error, request, reply, route.path)
      for (const path of [route.path, ...route.aliases]) {
        scope.post(path, { errorHandler, config }, handler)
      }
    }
    done()
  })
}

/** Every check comes before `begin`: a request that fails one wakes nothing. */
function inferenceHandler(room: InferenceRoom, route: InferenceRoute) {
  return (request: FastifyRequest, reply: FastifyReply): void => {
    const onCold = readOnCold(request)
    const asked = read(request, route)
    const model = room.catalog.resolve(asked.model)
    if (!model.capabilities.has(route.capability)) throw unsupported(model, route, room.catalog)
    const translated = route.dialect?.translate(asked) ?? null
    // The body took its time; the drain may have begun meanwhile.
    if (room.draining()) throw new EnginehouseError('shutting_down', {})
    const requestId = request.id
    // Clients may send one id twice; admission needs ids that are its own.
    const id = requestIdOf(request.raw) === null ? requestId : room.nextId()
    reply.hijack()
    new Exchange(
      room.exchanges,
      {
        id,
        requestId,
        route: route.path,
        capability: route.capability,
        protocol: route.protocol,
        waits: waitsOf(route, (translated?.asked ?? asked).stream),
        path: translated?.path ?? route.path,
        model,
        asked: translated?.asked ?? asked,
        translated,
        onCold,
      },
      request.raw,
      reply.raw,
    ).begin()
  }
}

function read(request: FastifyRequest, { body: kind }: InferenceRoute): Asked {
  const body = Buffer.isBuffer(request.body) ? request.body : NO_BODY
  const { 'content-type': type } = request.raw.headers
  return kind === 'form' && type !== undefined && isForm(type) ? readForm(body, boundaryOf(type)) : readAsked(body)
}

/** A stream may have comments; JSON may have blanks before it, where the answer is JSON for certain. */
function waitsOf({ streams, body, capability }: InferenceRoute, stream: boolean): Waits {
  if (stream) return streams ? 'events' : 'silence'
  return body === 'json' && capability !== 'speech' ? 'padding' : 'silence'
}

function readOnCold(request: FastifyRequest): 'wait' | 'fail' {
  const value = request.raw.headers['x-enginehouse-on-cold']
  if (value === undefined || value === 'wait') return 'wait'
  if (value === 'fail') return 'fail'
  throw new EnginehouseError('parameter_invalid', { param: 'x-enginehouse-on-cold', expected: '`wait` or `fail`' })
}

function unsupported(model: ServedModel, route: InferenceRoute, catalog: Catalog): EnginehouseError {
  const why = `it is not among what the model is for (${[...model.capabilities].join(', ') || 'nothing'})`
  return new EnginehouseError('unsupported_endpoint', {
    model: model.id,
    route: route.path,
    why,
    models: catalog.able(route.capability),
  })
}
