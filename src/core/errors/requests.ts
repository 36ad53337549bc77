import { formatBytes, MIB } from '../units.ts'
import type { Facts } from './spec.ts'
import { client, define, EXIT } from './spec.ts'
import type { Nearest } from './words.ts'
import { didYouMean, list, quote } from './words.ts'

/** What a client sent. */
export const REQUEST_ERRORS = Object.freeze({
  model_not_found: define<{ model: string } & Nearest>({
    ...client,
    status: 404,
    exit: EXIT.noSuchModel,
    sentence: (f) => `There is no model ${quote(f.model)} here.`,
    next: (f) => didYouMean(f.nearest) || 'GET /v1/models and `enginehouse ls` list what there is.',
    example: { model: 'chatt', nearest: ['chat'] },
    about: 'A request asks for one model by its name or an alias of the manifest, never by a path or a repository.',
  }),
  model_required: define<{ models: readonly string[] }>({
    ...client,
    status: 400,
    sentence: (f) =>
      `The request names no model, and none of the ${f.models.length} models here is aliased \`default\`.`,
    next: (f) => `Set \`model\` to one of: ${list(f.models)}.`,
    example: { models: ['chat', 'search'] },
    about: 'Without `model`, a request goes to the model aliased `default`, or to the only one there is.',
  }),
  json_invalid: define<{ why: string }>({
    ...client,
    status: 400,
    sentence: (f) => `The request body is not a JSON object: ${f.why}.`,
    next: 'Send one JSON object as the body.',
    example: { why: 'it ends inside a string' },
  }),
  form_invalid: define<{ why: string }>({
    ...client,
    status: 400,
    sentence: (f) => `The request body is not a multipart form: ${f.why}.`,
    next: 'Send the fields and files as multipart/form-data, as client libraries do.',
    example: { why: 'its last part does not end' },
  }),
  parameter_invalid: define<{ param: string; expected: string }>({
    ...client,
    status: 400,
    sentence: (f) => `\`${f.param}\` must be ${f.expected}.`,
    next: (f) => `Correct \`${f.param}\` and send the request again.`,
    example: { param: 'stream', expected: 'true or false' },
  }),
  body_too_large: define<{ limit: number }>({
    ...client,
    status: 413,
    sentence: (f) => `The request body is larger than ${formatBytes(f.limit)}.`,
    next: 'Send less, or raise `server.max_body` in the manifest.',
    example: { limit: 32 * MIB },
    about: 'Images and audio travel inside the body, encoded; they are what usually makes it large.',
  }),
  media_type_unsupported: define<{ header: string; value: string; body: 'json' | 'form' }>({
    ...client,
    status: 415,
    sentence: (f) => `The ${f.header} ${quote(f.value)} is not accepted here.`,
    next: (f) =>
      f.body === 'form'
        ? 'Send an uncompressed body with content-type: multipart/form-data, or JSON with application/json.'
        : 'Send an uncompressed JSON body with content-type: application/json.',
    example: { header: 'content-type', value: 'text/plain', body: 'json' },
  }),
  method_not_allowed: define<{ method: string; path: string; allow: readonly string[] }>({
    ...client,
    status: 405,
    sentence: (f) => `${quote(f.path)} does not take ${f.method}.`,
    next: (f) => `Use ${list(f.allow)}.`,
    example: { method: 'GET', path: '/v1/chat/completions', allow: ['POST'] },
  }),
  route_not_found: define<{ method: string; path: string }>({
    ...client,
    status: 404,
    sentence: (f) => `There is no route ${f.method} ${quote(f.path)}.`,
    next: 'docs/reference/http.md lists the routes that this version has.',
    example: { method: 'GET', path: '/v1/model' },
    about: 'A base address that ends in `/v1` twice, or not at all, is the usual reason.',
  }),
  not_supported: define<{ what: string }>({
    ...client,
    status: 400,
    exit: EXIT.usage,
    sentence: (f) => `${f.what} is not supported by this version.`,
    next: 'The CHANGELOG says what each version can do.',
    example: { what: 'The query `model` of /metrics' },
    about: 'What this version knows by name and does not do is refused, never ignored.',
  }),
  route_not_supported: define<{ method: string; path: string }>({
    ...client,
    status: 404,
    exit: EXIT.usage,
    sentence: (f) => `The route ${f.method} ${quote(f.path)} is not supported by this version.`,
    next: 'The CHANGELOG says what each version can do.',
    example: { method: 'POST', path: '/api/chat' },
    about: 'The route has a meaning elsewhere, so that it is refused by name instead of being unknown.',
  }),
  unsupported_endpoint: define<{ model: string; route: string; why: string; models: readonly string[] }>({
    ...client,
    status: 404,
    sentence: (f) => `The model ${quote(f.model)} does not answer ${f.route}: ${f.why}.`,
    next: (f) =>
      f.models.length > 0
        ? `Ask a model that does: ${list(f.models)}.`
        : 'No model here does; one whose engine has the route must be added to the manifest.',
    example: {
      model: 'search',
      route: '/v1/chat/completions',
      why: 'it is not among what the model is for (embeddings)',
      models: ['chat'],
    },
    about: 'Which routes a model answers comes from its engine, and for `engine: command` from `capabilities`.',
  }),
  host_not_allowed: define<{ host: string; allowed: readonly string[] }>({
    ...client,
    status: 421,
    sentence: (f) => `The Host header ${quote(f.host)} is not one that this server answers to.`,
    next: (f) => `Use ${list(f.allowed)}, or add the name to \`server.hosts\` in the manifest.`,
    example: { host: 'models.example', allowed: ['127.0.0.1:8080', 'localhost:8080'] },
    about:
      'A web page can make a browser send requests here under a name of its own; only names that are known to mean this daemon are answered.',
  }),
  admin_socket_only: define<{ path: string }>({
    ...client,
    type: 'permission_error',
    status: 403,
    exit: EXIT.notAllowed,
    sentence: (f) => `The route ${f.path} answers on the admin socket only: it looks at files that the request names.`,
    next: 'Ask on the host itself, as the user whose daemon it is.',
    example: { path: '/api/v1/plan' },
    about:
      "Every user of a host reaches its ports; the socket is in a directory that only the daemon's user may enter.",
  }),
  origin_not_allowed: define<{ origin: string }>({
    ...client,
    type: 'permission_error',
    status: 403,
    exit: EXIT.notAllowed,
    sentence: (f) => `A web page from ${quote(f.origin)} may not do this here.`,
    next: 'Add the origin to `server.cors` in the manifest where a page is to ask models, or use a program that is no browser.',
    example: { origin: 'https://page.example' },
    about:
      'Browsers name the page that sends a request. Pages of `server.cors` may ask models; only pages of this server may load, unload or change anything.',
  }),
  bad_request: define<{ why: string }>({
    ...client,
    status: 400,
    sentence: (f) => `The request is not valid HTTP: ${f.why}.`,
    next: 'Send one unambiguous HTTP/1.1 request per message.',
    example: { why: 'it has two Content-Length headers' },
  }),
  expectation_failed: define<{ value: string }>({
    ...client,
    status: 417,
    sentence: (f) => `The expectation ${quote(f.value)} cannot be met.`,
    next: 'Leave out the Expect header, or send `100-continue`.',
    example: { value: '200-ok' },
  }),
  headers_too_large: define<{ limit: number }>({
    ...client,
    status: 431,
    sentence: (f) => `The request headers are larger than ${formatBytes(f.limit)}.`,
    next: 'Send fewer or shorter headers.',
    example: { limit: 32 * 1024 },
  }),
  request_timeout: define<Facts>({
    ...client,
    status: 408,
    sentence: () => 'The request did not arrive whole in time.',
    next: 'Send headers within 10 s and the body within 60 s.',
    example: {},
  }),
  request_not_running: define<{ request: string }>({
    ...client,
    status: 404,
    sentence: (f) => `No request ${quote(f.request)} is waiting or being answered.`,
    next: '`GET /api/v1/requests` lists those that are; what has ended cannot be cancelled.',
    example: { request: 'req-7f3a' },
  }),
  request_not_found: define<{ request: string }>({
    ...client,
    status: 404,
    sentence: (f) => `The journal has no record of a request ${quote(f.request)}.`,
    next: 'It records requests that had to wait for a model; `enginehouse events` lists them.',
    example: { request: 'req-7f3a' },
    about: 'The id stands in the `x-request-id` header of each answer.',
  }),
})
