import { STATUS_CODES } from 'node:http'
import type { ServerResponse } from 'node:http'
import { specOf } from '../core/index.ts'
import type { EnginehouseError, ErrorCode } from '../core/index.ts'
import { RETRY_AFTER_SECONDS } from './limits.ts'
import { errorEventOf, messagesError, statusOf } from './protocols.ts'
import type { Protocol } from './protocols.ts'

/** The request's field that an error is about, where its facts do not say. */
const PARAMETER: Partial<Record<ErrorCode, string>> = { model_not_found: 'model', model_required: 'model' }

/** Whom an error is said to. */
export interface Hearer {
  readonly protocol: Protocol
  /** Null where no request was understood. */
  readonly requestId: string | null
  /** What is sent, where it is not the error's own. */
  readonly status?: number
}

const NOBODY: Hearer = { protocol: 'openai', requestId: null }

/**
 * OpenAI's error body; its four members are always there, as its published schema asks. `next` and `facts` beside them
 * are for programs that show the two apart; clients that show the message alone read what to do in it. Anthropic's has the same members inside
 * its own.
 */
export function errorBody(error: EnginehouseError, hearer: Hearer = NOBODY): string {
  const { protocol, requestId } = hearer
  const { message, ...more } = membersOf(error)
  if (protocol === 'messages')
    return messagesError(hearer.status ?? statusOf(error, protocol), message, requestId, more)
  return JSON.stringify({ error: { message, ...more } })
}

/** The same as the last event of a stream that cannot go on; clients raise it. */
export function errorEvent(error: EnginehouseError, hearer: Hearer): string {
  return errorEventOf(hearer.protocol, errorBody(error, hearer))
}

function membersOf(error: EnginehouseError) {
  const facts = error.facts as { readonly param?: unknown }
  return {
    message: `${error.message} ${error.next}`,
    type: specOf(error.code).type,
    param: typeof facts.param === 'string' ? facts.param : (PARAMETER[error.code] ?? null),
    code: error.code,
    next: error.next,
    facts: error.facts,
  }
}

/** Headers that tell client libraries whether to send the request again: without them most do, two to four times. */
export function retryHeaders(error: EnginehouseError): readonly [name: string, value: string] {
  return specOf(error.code).retry === 'later'
    ? ['retry-after', String(RETRY_AFTER_SECONDS)]
    : ['x-should-retry', 'false']
}

export interface RefusalOptions extends Hearer {
  /** What follows on this connection cannot be trusted, or is not wanted any more. */
  readonly close?: boolean
  /** More headers, names and values in turn. */
  readonly extra?: readonly string[]
  /** False: the body is whole, and the caller ends the response. */
  readonly end?: boolean
}

/** Answers with an error on a response whose headers are not sent yet. */
export function refuse(response: ServerResponse, error: EnginehouseError, options: RefusalOptions): void {
  const body = Buffer.from(errorBody(error, options))
  const headers = ['content-type', 'application/json', 'content-length', String(body.length), ...retryHeaders(error)]
  if (options.requestId !== null) headers.push('x-request-id', options.requestId)
  if (options.extra !== undefined) headers.push(...options.extra)
  if (options.close === true) headers.push('connection', 'close')
  response.writeHead(options.status ?? statusOf(error, options.protocol), headers)
  response.write(body)
  if (options.end !== false) response.end()
}

/** A whole response as bytes, for a socket on which no request could be read. */
export function rawRefusal(error: EnginehouseError): string {
  const { status } = specOf(error.code)
  const body = errorBody(error)
  const [name, value] = retryHeaders(error)
  return (
    `HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}\r\nconnection: close\r\ncontent-type: application/json\r\n` +
    `${name}: ${value}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`
  )
}
