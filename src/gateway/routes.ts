import type { Capability } from '../core/index.ts'

/** An inference route: `path` is what the engine is asked and what metrics say; `aliases` lead to the same. */
export interface InferenceRoute {
  readonly path: string
  readonly aliases: readonly string[]
  readonly capability: Capability
}

export const INFERENCE_ROUTES: readonly InferenceRoute[] = Object.freeze([
  { path: '/v1/chat/completions', aliases: ['/chat/completions'], capability: 'chat' },
  { path: '/v1/completions', aliases: ['/completions'], capability: 'completions' },
  { path: '/v1/embeddings', aliases: ['/embeddings'], capability: 'embeddings' },
])

/** Routes that belong to the contract and are not built: they are refused by name. One that is registered wins over this list. */
const NOT_BUILT: readonly string[] = [
  '/v1/responses /responses /v1/rerank /rerank /v2/rerank /v1/score /v1/audio/* /v1/images/*',
  '/tokenize /detokenize /infill /v1/messages /v1/messages/count_tokens',
  '/v1/generate /generate /generate_stream',
  '/v1/models/loaded /v1/models/stats /v1/models/inventory /v1/models/unload-all',
  '/v1/models/download /v1/models/download/:job',
  '/models /models/sse /models/load /models/unload',
  '/api/version /api/tags /api/ps /api/show /api/chat /api/generate /api/embed /api/embeddings /api/pull',
  '/api/v1/models /api/v1/models/* /api/v1/devices /api/v1/queue /api/v1/requests /api/v1/requests/:id/cancel',
  '/api/v1/downloads /api/v1/engines /api/v1/config /api/v1/config/reload /api/v1/events /api/v1/explain',
  '/api/v1/logs /api/v1/plan /api/v1/validate',
  '/upstream/:model/* /healthz /version /v1/health /v1/metrics',
  '/openapi.json /docs /redoc /schema/manifest.json',
].flatMap((family) => family.split(' '))

const byName: ReadonlySet<string> = new Set(NOT_BUILT)
const byPattern = NOT_BUILT.map(patternOf)

export function isNotBuilt(path: string): boolean {
  return byName.has(path) || byPattern.some((pattern) => pattern.test(path))
}

/** The routes that are registered, for the answer to a method that none of them takes. */
export interface KnownRoutes {
  add(url: string, methods: string | readonly string[]): void
  /**
   * Methods that some route takes at this path; empty where no route is, and where the path is named among what is not
   * built and only a wildcard would take it.
   */
  methodsAt(path: string): readonly string[]
}

export function createKnownRoutes(): KnownRoutes {
  const known = new Map<string, { readonly pattern: RegExp; readonly methods: Set<string> }>()
  return {
    add(url, methods) {
      const entry = known.get(url) ?? { pattern: patternOf(url), methods: new Set<string>() }
      known.set(url, entry)
      for (const method of typeof methods === 'string' ? [methods] : methods) entry.methods.add(method)
    },
    methodsAt(path) {
      const methods = new Set<string>()
      if (byName.has(path) && !known.has(path)) return []
      for (const entry of known.values()) {
        if (entry.pattern.test(path)) for (const method of entry.methods) methods.add(method)
      }
      return [...methods]
    },
  }
}

/** `:name` is one segment, `*` the rest: the router's own rules. */
function patternOf(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[A-Za-z]+/g, '[^/]+')
    .replace(/\*/g, '.+')
  return new RegExp(`^${source}$`)
}
