import type { FastifyInstance } from 'fastify'
import { EnginehouseError } from '../core/index.ts'
import type { ModelView } from '../core/index.ts'
import type { Catalog } from './catalog.ts'
import { isNotBuilt } from './routes.ts'

/** `created` is required by clients' schemas and means nothing here: the daemon's own start, in seconds. */
const CREATED = Math.floor(Date.now() / 1000)

/** A page that may ask models may know which there are. */
const FOR_PAGES = { config: { crossOrigin: true } } as const

/** Lists models from memory; never wakes one. */
export function registerModels(app: FastifyInstance, catalog: Catalog): void {
  for (const path of ['/v1/models', '/models'])
    app.get(path, FOR_PAGES, () => ({ object: 'list', data: catalog.listed().map(render) }))

  // A wildcard, as names have slashes: clients send them plain or as %2F.
  app.get<{ Params: { '*': string } }>('/v1/models/*', FOR_PAGES, (request) => {
    const name = request.params['*']
    const path = `/v1/models/${name}`
    if (isNotBuilt(path)) throw new EnginehouseError('route_not_supported', { method: request.method, path })
    return render(catalog.show(name))
  })
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
