import { specOf } from '../core/index.ts'
import type { EnginehouseError } from '../core/index.ts'
import { UnreadableAnswer } from './dialects/dialect.ts'
import type { AnswerTranslation } from './dialects/dialect.ts'

/**
 * In whose words a route's errors are said: OpenAI's, as all routes but Anthropic's are; its Responses, whose streams
 * name their events; Anthropic's Messages.
 */
export type Protocol = 'openai' | 'responses' | 'messages'

/** Anthropic's name for a server that is too busy just now; its clients wait and ask again. */
const OVERLOADED = 529

/** Anthropic's types by status; of others the class decides. */
const MESSAGES_TYPES: ReadonlyMap<number, string> = new Map([
  [401, 'authentication_error'],
  [403, 'permission_error'],
  [404, 'not_found_error'],
  [413, 'request_too_large'],
  [429, 'rate_limit_error'],
  [504, 'timeout_error'],
  [OVERLOADED, 'overloaded_error'],
])

/** The HTTP status of an error of ours. */
export function statusOf(error: EnginehouseError, protocol: Protocol): number {
  const { status, retry } = specOf(error.code)
  return protocol === 'messages' && status === 503 && retry === 'later' ? OVERLOADED : status
}

/** `more`: what stands beside type and message for programs that read it. */
export function messagesError(
  status: number,
  message: string,
  requestId: string | null,
  more: Readonly<Record<string, unknown>>,
): string {
  const type = MESSAGES_TYPES.get(status) ?? (status < 500 ? 'invalid_request_error' : 'api_error')
  const own = { type, message }
  // First, and whatever else is there.
  return JSON.stringify({ type: 'error', error: { ...own, ...more, ...own }, request_id: requestId })
}

/**
 * How an engine's own errors become the protocol's. Those that have its shape pass to the byte: llama-server's and most
 * of vLLM's on OpenAI's routes. llama-server answers errors of /v1/messages in OpenAI's shape, TGI says a bare text, and
 * a framework says what its validator found: clients show the raw text of those, or nothing.
 */
export function engineErrors(protocol: Protocol, status: number, requestId: string): AnswerTranslation {
  return {
    whole(body) {
      const text = body.toString('utf8')
      const answer = parse(text)
      const isMessages = protocol === 'messages'
      const error = isMembers(answer['error']) ? answer['error'] : {}
      if (isMessages ? answer['type'] === 'error' : typeof error['message'] === 'string') return text
      const message = sayingOf(answer, text)
      if (isMessages) return messagesError(status, message, requestId, error)
      const type = answer['error_type'] ?? answer['type'] ?? (status < 500 ? 'invalid_request_error' : 'server_error')
      return JSON.stringify({ error: { message, type, param: null, code: status } })
    },
    piece: (bytes) => bytes.toString('utf8'),
    end: () => '',
  }
}

/** The last event of a stream that cannot go on, around an error's body. */
export function errorEventOf(protocol: Protocol, body: string): string {
  switch (protocol) {
    case 'openai':
      return `data: ${body}\n\n`
    case 'messages':
      return `event: error\ndata: ${body}\n\n`
    case 'responses': {
      const { error } = parse(body)
      const { code = null, message = null, param = null } = isMembers(error) ? error : {}
      // Its own event has the members beside `type`; OpenAI's libraries raise what has an `error`.
      return `event: error\ndata: ${JSON.stringify({ type: 'error', code, message, param, error })}\n\n`
    }
    default:
      return protocol satisfies never
  }
}

/** The same of an engine's error, where the head of a good answer is out already. Throws UnreadableAnswer. */
export function engineErrorEvent(protocol: Protocol, status: number, body: Buffer, requestId: string): string {
  return errorEventOf(protocol, engineErrors(protocol, status, requestId).whole(body))
}

/** What an error of whatever shape says. */
function sayingOf({ error, message, detail }: Readonly<Record<string, unknown>>, text: string): string {
  const said = (isMembers(error) ? error['message'] : error) ?? message ?? detail ?? text
  return typeof said === 'string' ? said : JSON.stringify(said)
}

/** No members: what it says is no JSON object. */
function parse(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    return isMembers(value) ? value : {}
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    throw new UnreadableAnswer('its error is no JSON')
  }
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
