import type { FastifyInstance } from 'fastify'
import { EnginehouseError } from '../core/index.ts'
import type { ModelView, View } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'
import { isNotBuilt } from './routes.ts'

/** `created` is required by clients' schemas and means nothing here: the daemon's own start, in seconds. */
const CREATED = Math.floor(Date.now() / 1000)

/** Lists models from memory; never wakes one. */
export function registerModels(app: FastifyInstance, view: View): void {
  app.get('/v1/models', () => ({ object: 'list', data: view.models().map(render) }))

  // A wildcard, as names have slashes: clients send them plain or as %2F.
  app.get<{ Params: { '*': string } }>('/v1/models/*', (request) => {
    const name = request.params['*']
    const model = view.model(name)
    if (model !== undefined) return render(model)
    const path = `/v1/models/${name}`
    if (isNotBuilt(path)) throw new EnginehouseError('route_not_supported', { method: request.method, path })
    throw modelNotFound(name, view)
  })
}

export function modelNotFound(name: string, view: View): EnginehouseError {
  const names = view.models().flatMap((model) => [model.id, ...model.aliases])
  return new EnginehouseError('model_not_found', { model: name, nearest: nearest(name, names) })
}

/** OpenAI's model object, with what other servers' clients read beside it. */
function render(model: ModelView): object {
  return {
    id: model.id,
    object: 'model',
    created: CREATED,
    owned_by: 'enginehouse',
    root: model.root,
    parent: null,
    aliases: model.aliases,
    context_length: model.contextLength,
    max_model_len: model.contextLength,
    meta: { n_ctx: model.contextLength },
    status: { value: model.status },
    loaded: model.status === 'loaded',
    capabilities: [...model.capabilities],
  }
}
