import type { Capability } from '../core/index.ts'
import type { Dialect } from './dialects/dialect.ts'
import { generate } from './dialects/generate.ts'
import { tgi, tgiStream } from './dialects/tgi.ts'
import type { Protocol } from './protocols.ts'

/** An inference route: `path` is what metrics say, and what an engine that has it is asked; `aliases` lead to the same. */
export interface InferenceRoute {
  readonly path: string
  readonly aliases: readonly string[]
  readonly capability: Capability
  /** Null: the engine has this very route, and gets the body as it came. */
  readonly dialect: Dialect | null
  /** In whose words its errors are said. */
  readonly protocol: Protocol
  /** `form`: multipart/form-data is taken beside JSON, as files come with it. */
  readonly body: 'json' | 'form'
  /** With `stream` its answer is events, so that a client may hear of its wait. */
  readonly streams: boolean
}

/*
 * The paths are those that every engine with the capability has: llama-server and vLLM both rank at /v1/rerank and at
 * /rerank, and reranking servers of other shapes at /rerank alone. Shapes are the engines' own: /tokenize takes
 * `content` of llama-server, `prompt` or `messages` of vLLM, `inputs` of TGI.
 */
export const INFERENCE_ROUTES: readonly InferenceRoute[] = Object.freeze([
  route('/v1/chat/completions', 'chat', { aliases: ['/chat/completions'], streams: true }),
  route('/v1/completions', 'completions', { aliases: ['/completions'], streams: true }),
  route('/v1/embeddings', 'embeddings', { aliases: ['/embeddings'] }),
  route('/v1/responses', 'responses', { aliases: ['/responses'], protocol: 'responses', streams: true }),
  route('/v1/messages', 'messages', { protocol: 'messages', streams: true }),
  route('/v1/messages/count_tokens', 'messages', { protocol: 'messages' }),
  route('/v1/rerank', 'rerank', { aliases: ['/v2/rerank', '/reranking'] }),
  route('/rerank', 'rerank'),
  route('/v1/score', 'score'),
  route('/tokenize', 'tokenize'),
  route('/detokenize', 'detokenize'),
  route('/infill', 'infill', { streams: true }),
  route('/v1/audio/transcriptions', 'transcriptions', { body: 'form' }),
  route('/v1/audio/translations', 'translations', { body: 'form' }),
  route('/v1/audio/speech', 'speech'),
  route('/v1/images/generations', 'images'),
  route('/v1/images/edits', 'images', { body: 'form' }),
  route('/v1/images/variations', 'images', { body: 'form' }),
  route('/v1/generate', 'completions', { dialect: generate, streams: true }),
  route('/generate', 'completions', { dialect: tgi, streams: true }),
  route('/generate_stream', 'completions', { dialect: tgiStream, streams: true }),
])

function route(
  path: string,
  capability: Capability,
  more: Partial<Omit<InferenceRoute, 'path' | 'capability'>> = {},
): InferenceRoute {
  const usual = { aliases: [], dialect: null, protocol: 'openai', body: 'json', streams: false } as const
  return Object.freeze({ path, capability, ...usual, ...more })
}

/** Routes that belong to the contract and are not built: they are refused by name. One that is registered wins over this list. */
const NOT_BUILT: readonly string[] = [
  '/v1/models/inventory /v1/models/download /v1/models/download/:job',
  '/models/sse',
  '/api/version /api/tags /api/ps /api/show /api/chat /api/generate /api/embed /api/embeddings /api/pull',
  '/api/v1/downloads /api/v1/config /api/v1/config/reload /api/v1/plan /api/v1/validate',
  '/upstream/:model/*',
].flatMap((family) => family.split(' '))

const byName: ReadonlySet<string> = new Set(NOT_BUILT)
const byPattern = NOT_BUILT.map(patternOf)

export function isNotBuilt(path: string): boolean {
  return byName.has(path) || byPattern.some((pattern) => pattern.test(path))
}

/** The routes that are registered, for the answer to a method that none of them takes. */
export interface KnownRoutes {
  add(route: KnownRoute): void
  /**
   * Methods that some route takes at this path; empty where no route is, and where the path is named among what is not
   * built and only a wildcard would take it.
   */
  methodsAt(path: string): readonly string[]
  /** Methods that this path takes by itself; empty where it is at most one of a wildcard's. */
  ownMethodsAt(path: string): readonly string[]
  /** Those of them that pages of other origins may use. */
  crossOriginMethodsAt(path: string): readonly string[]
}

export interface KnownRoute {
  readonly url: string
  readonly method: string | readonly string[]
  readonly crossOrigin: boolean
}

export function createKnownRoutes(): KnownRoutes {
  const known: { readonly route: KnownRoute; readonly pattern: RegExp }[] = []
  const byUrl = new Map<string, KnownRoute[]>()

  function routesAt(path: string): readonly KnownRoute[] {
    if (byName.has(path) && !byUrl.has(path)) return []
    return known.filter(({ pattern }) => pattern.test(path)).map(({ route }) => route)
  }

  return {
    add(route) {
      known.push({ route, pattern: patternOf(route.url) })
      byUrl.set(route.url, [...(byUrl.get(route.url) ?? []), route])
    },
    methodsAt: (path) => methodsOf(routesAt(path)),
    ownMethodsAt: (path) => methodsOf(byUrl.get(path) ?? []),
    // A wildcard of a list must not open a route of another kind that stands below it.
    crossOriginMethodsAt: (path) =>
      methodsOf((byUrl.get(path) ?? routesAt(path)).filter(({ crossOrigin }) => crossOrigin)),
  }
}

function methodsOf(routes: readonly KnownRoute[]): readonly string[] {
  return [...new Set(routes.flatMap(({ method }) => method))]
}

/** `:name` is one segment, `*` the rest: the router's own rules. */
function patternOf(url: string): RegExp {
  const source = url
    .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
    .replace(/:[A-Za-z]+/g, '[^/]+')
    .replace(/\*/g, '.+')
  return new RegExp(`^${source}$`)
}
