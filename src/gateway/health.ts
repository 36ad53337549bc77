import type { FastifyInstance } from 'fastify'
import { EnginehouseError } from '../core/index.ts'
import type { View } from '../core/index.ts'
import type { Metrics } from '../telemetry/index.ts'

export interface HealthRoom {
  readonly view: View
  readonly metrics: Metrics
  /** The gateway or the supervisor takes nothing new. */
  stopping(): boolean
}

/** What load balancers, Prometheus and people look at. Answers from memory. */
export function registerHealth(app: FastifyInstance, { view, metrics, stopping }: HealthRoom): void {
  app.get('/', (_, reply) =>
    reply
      .type('text/plain')
      .send('Enginehouse is running. GET /v1/models lists its models; POST /v1/chat/completions asks one.\n'),
  )
  app.get('/livez', () => ({ status: 'ok' }))
  app.get('/readyz', () => {
    if (stopping()) throw new EnginehouseError('shutting_down', {})
    return { status: 'ok' }
  })
  app.get('/health', () => {
    const models = view.models()
    const count = (status: string): number => models.filter((model) => model.status === status).length
    return {
      status: stopping() ? 'stopping' : 'ok',
      models: { total: models.length, loaded: count('loaded'), loading: count('loading'), failed: count('failed') },
    }
  })
  app.get<{ Querystring: { model?: string } }>('/metrics', async (request, reply) => {
    if (request.query.model !== undefined) {
      throw new EnginehouseError('not_supported', { what: 'The query `model` of /metrics' })
    }
    const { contentType, text } = await metrics.render(view)
    return reply.header('content-type', contentType).send(text)
  })
}
