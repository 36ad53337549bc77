import type { IncomingMessage, ServerResponse } from 'node:http'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { EnginehouseError } from '../core/index.ts'
import type { Bytes, ErrorCode } from '../core/index.ts'
import type { Logger } from '../telemetry/index.ts'
import { badRequest } from './checks.ts'
import { LINGER } from './limits.ts'
import { statusOf } from './protocols.ts'
import { errorBody, refuse, retryHeaders } from './refusal.ts'
import type { Hearer } from './refusal.ts'

/** After these nothing more is read from the connection. */
const CLOSING: ReadonlySet<ErrorCode> = new Set(['bad_request', 'headers_too_large', 'body_too_large', 'shutting_down'])

export type SendError = (error: Error, request: FastifyRequest, reply: FastifyReply) => void

/** The one error path: whatever was thrown, by us or by the framework, leaves in one shape. */
export function createErrorSender(options: { readonly maxBody: Bytes; readonly log: Logger }): SendError {
  return (thrown, request, reply) => {
    const error = toRefusal(thrown, request, options.maxBody)
    if (error.code === 'internal')
      options.log.error({ error: thrown, route: request.routeOptions.url }, 'a request failed')
    const hearer = { protocol: request.routeOptions.config?.protocol ?? 'openai', requestId: request.id } as const
    if (!request.raw.complete) {
      reply.hijack()
      refuseUnread(request.raw, reply.raw, error, hearer)
      return
    }
    const [name, value] = retryHeaders(error)
    reply.code(statusOf(error, hearer.protocol)).header(name, value).type('application/json')
    if (CLOSING.has(error.code)) reply.header('connection', 'close')
    if (error.code === 'method_not_allowed') reply.header('allow', allowOf(error))
    reply.send(errorBody(error, hearer))
  }
}

/**
 * Refuses a request whose body is still on its way. Closing at once would reset the connection, and the sender would
 * meet that instead of the refusal; so some of the rest is read and thrown away first.
 */
function refuseUnread(
  request: IncomingMessage,
  response: ServerResponse,
  error: EnginehouseError,
  hearer: Hearer,
): void {
  const extra = error.code === 'method_not_allowed' ? ['allow', allowOf(error)] : []
  refuse(response, error, { ...hearer, close: true, extra, end: false })
  let left = LINGER.bytes
  const end = (): void => {
    clearTimeout(timer)
    response.end()
  }
  const timer = setTimeout(end, LINGER.time)
  response.once('close', () => clearTimeout(timer))
  request.on('data', (piece: Buffer) => {
    left -= piece.length
    if (left < 0) end()
  })
  request.once('end', end)
}

function toRefusal(error: Error, request: FastifyRequest, maxBody: Bytes): EnginehouseError {
  if (error instanceof EnginehouseError) return error
  const code = 'code' in error ? String(error.code) : ''
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') return new EnginehouseError('body_too_large', { limit: maxBody })
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return new EnginehouseError('media_type_unsupported', {
      header: 'content-type',
      value: request.headers['content-type'] ?? '',
      body: 'json',
    })
  }
  if (code === 'FST_ERR_BAD_URL') return badRequest('its path is not valid')
  if (code === 'FST_ERR_MAX_PARAM_LENGTH') return badRequest('a name in its path is too long')
  if (
    error instanceof SyntaxError ||
    code === 'FST_ERR_CTP_INVALID_JSON_BODY' ||
    code === 'FST_ERR_CTP_EMPTY_JSON_BODY'
  ) {
    return new EnginehouseError('json_invalid', { why: 'it cannot be parsed' })
  }
  if ('statusCode' in error && typeof error.statusCode === 'number' && error.statusCode < 500) {
    return badRequest('the framework refused it')
  }
  return new EnginehouseError('internal', { what: 'the request could not be handled.' })
}

function allowOf(error: EnginehouseError): string {
  const { allow } = error.facts as { readonly allow?: readonly string[] }
  return (allow ?? []).join(', ')
}
