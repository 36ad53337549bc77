import type { FastifyInstance } from 'fastify'
import { EnginehouseError } from '../core/index.ts'
import type { Stage, View } from '../core/index.ts'
import type { Metrics } from '../telemetry/index.ts'

export interface HealthRoom {
  readonly view: View
  readonly metrics: Metrics
  /** Of the gateway and the supervisor, whichever stops first. */
  stage(): Stage
}

/** What load balancers, Prometheus and people look at. Answers from memory. */
export function registerHealth(app: FastifyInstance, { view, metrics, stage }: HealthRoom): void {
  app.get('/', (_, reply) =>
    reply
      .type('text/plain')
      .send('Enginehouse is running. GET /v1/models lists its models; POST /v1/chat/completions asks one.\n'),
  )
  app.get('/livez', () => ({ status: 'ok' }))
  app.get('/readyz', () => {
    const now = stage()
    if (now === 'stopping') throw new EnginehouseError('shutting_down', {})
    if (now === 'recovering') throw new EnginehouseError('recovering', {})
    return { status: 'ok' }
  })
  const health = (): object => {
    const models = view.models()
    const count = (status: string): number => models.filter((model) => model.status === status).length
    return {
      status: stage() === 'serving' ? 'ok' : stage(),
      models: { total: models.length, loaded: count('loaded'), loading: count('loading'), failed: count('failed') },
    }
  }
  for (const path of ['/health', '/healthz']) app.get(path, health)
  for (const path of ['/metrics', '/v1/metrics']) {
    app.get<{ Querystring: { model?: string } }>(path, async (request, reply) => {
      if (request.query.model !== undefined)
        throw new EnginehouseError('not_supported', { what: 'The query `model` of /metrics' })
      const { contentType, text } = await metrics.render(view)
      return reply.header('content-type', contentType).send(text)
    })
  }
}
