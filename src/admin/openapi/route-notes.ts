import type { ZodObject } from 'zod'

import {
  clearBody,
  levelBody,
  loadBody,
  manifestBody,
  noBody,
  pinBody,
  restartBody,
  unloadAllBody,
  unloadBody,
  unpinBody,
} from '../bodies.ts'
import { routerBody } from '../routes/router.ts'

/** What a person wants to know of a route and its registration does not say. Tests hold the notes to the routes. */
export interface RouteNote {
  readonly family: keyof typeof FAMILIES
  /** A phrase; it becomes a sentence. */
  readonly what: string
  /** Whether a request may start an engine. */
  readonly wakes: 'yes' | 'no'
  /** Fields of a JSON body that is ours. */
  readonly body?: ZodObject
  /** Keys of the query that it takes; none where this is left out. */
  readonly query?: readonly string[]
  /** What it answers, in types of src/admin/shapes.ts. */
  readonly answers?: string
  /** The media type where it is not JSON. */
  readonly type?: string
}

/** In the order of the page. */
export const FAMILIES = Object.freeze({
  openai: 'OpenAI: what clients use',
  engines: "Engines' own, and Anthropic's: passed on where the engine has them",
  dialects: 'For clients of other servers',
  operations: 'For load balancers, Prometheus and people',
  native: 'For operators',
})

const openai = { family: 'openai', wakes: 'no' } as const
const dialect = { family: 'dialects', wakes: 'no' } as const
const inference = { family: 'openai', wakes: 'yes' } as const
const own = { family: 'engines', wakes: 'yes' } as const
const operations = { family: 'operations', wakes: 'no' } as const
const native = { family: 'native', wakes: 'no' } as const

/** By method and pattern, in the order of the page. */
export const ROUTE_NOTES: Readonly<Record<string, RouteNote>> = Object.freeze({
  'POST /v1/chat/completions': { ...inference, what: 'a chat, streamed or not' },
  'POST /chat/completions': { ...inference, what: 'the same' },
  'POST /v1/completions': { ...inference, what: 'plain completion, streamed or not' },
  'POST /completions': { ...inference, what: 'the same' },
  'POST /v1/embeddings': { ...inference, what: 'vectors, where the engine embeds' },
  'POST /embeddings': { ...inference, what: 'the same' },
  'POST /v1/responses': { ...inference, what: 'a response, streamed or not' },
  'POST /responses': { ...inference, what: 'the same' },
  'POST /v1/audio/transcriptions': {
    ...inference,
    what: 'what a recording says: a form with a `file`, `model` before or behind it',
  },
  'POST /v1/audio/translations': { ...inference, what: 'the same in English' },
  'POST /v1/audio/speech': { ...inference, what: 'a text, spoken', type: 'audio/*' },
  'POST /v1/images/generations': { ...inference, what: 'images from a text' },
  'POST /v1/images/edits': { ...inference, what: 'images from images and a text: a form' },
  'POST /v1/images/variations': { ...inference, what: 'images like an image: a form' },
  'POST /v1/messages': { ...own, what: 'Anthropic: a message, streamed or not; errors in its shape' },
  'POST /v1/messages/count_tokens': { ...own, what: 'Anthropic: how many tokens a message would be' },
  'POST /v1/rerank': { ...own, what: 'documents by how well they answer a `query`' },
  'POST /v2/rerank': { ...own, what: 'the same, asked of the engine as /v1/rerank' },
  'POST /reranking': { ...own, what: 'the same, asked of the engine as /v1/rerank' },
  'POST /rerank': { ...own, what: 'the same, in the shape that the engine has under this name' },
  'POST /v1/score': { ...own, what: 'how alike texts are, as vLLM says it' },
  'POST /tokenize': {
    ...own,
    what: 'a text as tokens: `content` for llama-server, `prompt` or `messages` for vLLM, `inputs` for TGI',
  },
  'POST /detokenize': { ...own, what: '`tokens` as a text' },
  'POST /infill': {
    ...own,
    what: 'what stands between `input_prefix` and `input_suffix`, as llama-server fills it in',
  },
  'POST /v1/generate': {
    ...dialect,
    wakes: 'yes',
    what:
      'text from `prompt` (`max_length`, `temperature`, `top_p`, `stream`), or in the shape of TGI from `inputs`; asked ' +
      'of the engine as a completion, of 100 new tokens where nothing else is said',
  },
  'POST /generate': { ...dialect, wakes: 'yes', what: 'TGI: text from `inputs` and `parameters`' },
  'POST /generate_stream': { ...dialect, wakes: 'yes', what: 'the same as events, one for each piece of text' },
  'GET /v1/models': {
    ...openai,
    what: 'the models of the manifest, with `status.value`, `context_length`, `aliases` and `root`',
  },
  'GET /v1/models/*': { ...openai, what: 'one model, by its name or alias; slashes plain or as %2F' },

  'GET /models': { ...openai, what: "the same list, as clients of llama.cpp's router ask for it" },
  'POST /models/load': {
    ...openai,
    wakes: 'yes',
    what: "load a model, as llama.cpp's router is asked; answers when it is decided",
    body: routerBody,
    answers: 'SuccessShape',
  },
  'POST /models/unload': {
    ...openai,
    what: 'take a model out of memory; answers when it is decided',
    body: routerBody,
    answers: 'SuccessShape',
  },
  'GET /v1/models/loaded': { ...dialect, what: 'models in memory', answers: '{ models: LoadedShape[], count }' },
  'GET /v1/models/stats': { ...dialect, what: 'what was counted since the daemon started', answers: 'StatsShape' },
  'POST /v1/models/unload-all': {
    ...dialect,
    what: 'take all models out of memory',
    body: unloadAllBody,
    answers: 'UnloadAllShape',
  },

  'GET /livez': { ...operations, what: '200 while the process answers' },
  'GET /readyz': {
    ...operations,
    what: '200 from when leftovers of an earlier daemon are gone until a shutdown begins, else 503',
  },
  'GET /health': { ...operations, what: '200 with the stage and counts of models' },
  'GET /healthz': { ...operations, what: 'the same' },
  'GET /v1/health': {
    ...operations,
    what: 'the same, with the version and the memory of devices',
    answers: 'HealthShape',
  },
  'GET /version': { ...operations, what: 'the version', answers: 'VersionShape' },
  'GET /schema/manifest.json': { ...operations, what: "the manifest's JSON Schema", type: 'application/schema+json' },
  'GET /v1/metrics': { ...operations, what: 'the same as `/metrics`', type: 'text/plain' },
  'GET /metrics': { ...operations, what: 'the [metrics](metrics.md), as text for Prometheus', type: 'text/plain' },
  'GET /openapi.json': { ...operations, what: 'all of this as an OpenAPI document' },
  'GET /docs': { ...operations, what: 'a page to read it and to try it, which needs no other host', type: 'text/html' },
  'GET /docs/:file': { ...operations, what: 'what that page is made of', type: 'text/plain' },
  'GET /redoc': { ...operations, what: 'the same on one page, to read and to print', type: 'text/html' },
  'GET /': { ...operations, what: 'one line of text', type: 'text/plain' },

  'GET /api/v1/status': { ...native, what: 'the daemon', answers: 'StatusShape' },
  'GET /api/v1/models': { ...native, what: 'every model as it stands', answers: '{ models: ModelShape[] }' },
  'GET /api/v1/models/*': { ...native, what: 'one of them, by its name or alias', answers: 'WholeModelShape' },
  'GET /api/v1/devices': { ...native, what: 'the ledger of each device', answers: '{ devices: DeviceShape[] }' },
  'GET /api/v1/queue': { ...native, what: 'requests that wait', answers: '{ queue: WaitingShape[] }' },
  'GET /api/v1/requests': {
    ...native,
    what: 'inference requests that wait or are being answered',
    answers: '{ requests: RequestShape[] }',
  },
  'POST /api/v1/requests/:id/cancel': {
    ...native,
    what: 'end one of them, by its id or by the `x-request-id` that its client sent; its engine is told to stop',
    answers: '{ cancelled: RequestShape[] }',
  },
  'GET /api/v1/engines': {
    ...native,
    what: 'the kinds of engines, and whether their programs are on this host',
    answers: '{ engines: EngineShape[] }',
  },
  'GET /api/v1/explain': {
    ...native,
    what: 'why a model is as it is, or what became of a request; `at` (ISO 8601, or how long ago) as it stood then',
    query: ['model', 'request', 'at'],
    answers: 'ExplanationShape',
  },
  'GET /api/v1/events': {
    ...native,
    what:
      'the journal as server-sent events; `Last-Event-ID`, `since` or `limit` bring the past first, ' +
      '`follow=false` ends after it',
    query: ['model', 'since', 'limit', 'follow'],
    answers: 'EventShape, one in each event',
    type: 'text/event-stream',
  },
  'GET /api/v1/logs': {
    ...native,
    what:
      "the output of a model's engine as lines of text, or of JSON with `format=json`; without `model` the last lines of " +
      "the daemon's own log, as JSON; `since` is a duration (ago) or a time; `follow=true` goes on",
    query: ['model', 'follow', 'lines', 'since', 'format'],
    type: 'text/plain',
  },
  'POST /api/v1/logs/level': {
    ...native,
    what: 'from which level on the daemon logs from now on; answers with the level and what it was',
    body: levelBody,
    answers: 'LogLevelShape',
  },
  'GET /api/v1/config': {
    ...native,
    what: 'every value of the manifest that holds, and where each comes from; no secrets',
    answers: 'ConfigShape',
  },
  'POST /api/v1/config/reload': {
    ...native,
    what: 'read the manifest again and put it in force; one that is wrong changes nothing',
    body: noBody,
    answers: 'ReloadShape',
  },
  'POST /api/v1/plan': {
    ...native,
    what: "what a text in the manifest's place would change, and what fits here; on the admin socket only",
    body: manifestBody,
    answers: 'ManifestPlanShape',
  },
  'POST /api/v1/validate': {
    ...native,
    what: "what is wrong with a text in the manifest's place; on the admin socket only",
    body: manifestBody,
    answers: 'ValidityShape',
  },
  'POST /api/v1/models/load': {
    ...native,
    wakes: 'yes',
    what: 'load a model; answers when it is ready, with `wait: false` when it is decided',
    body: loadBody,
    answers: 'DecidedShape',
  },
  'POST /api/v1/models/unload': {
    ...native,
    what: 'take a model out of memory; its running requests finish first',
    body: unloadBody,
    answers: 'DecidedShape',
  },
  'POST /api/v1/models/unload-all': {
    ...native,
    what: 'take all of them out',
    body: unloadAllBody,
    answers: 'UnloadAllShape',
  },
  'POST /api/v1/models/restart': {
    ...native,
    wakes: 'yes',
    what: 'take a model down and load it again; requests that wait for it go on waiting',
    body: restartBody,
    answers: 'DecidedShape',
  },
  'POST /api/v1/devices/clear': {
    ...native,
    what: 'count what is missing on a device as free again',
    body: clearBody,
    answers: 'ClearedShape',
  },
  'POST /api/v1/models/pin': {
    ...native,
    wakes: 'yes',
    what: 'load a model and keep it',
    body: pinBody,
    answers: 'DecidedShape',
  },
  'POST /api/v1/models/unpin': {
    ...native,
    what: 'end that',
    body: unpinBody,
    answers: '{ model: ModelShape }',
  },
} satisfies Record<string, RouteNote>)

/** Registered to be refused by name; a test asks them. */
export const REFUSED_ROUTES: readonly string[] = ['POST /api/v1/models/download']
