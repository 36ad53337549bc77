import type { IncomingHttpHeaders } from 'node:http'
import type { Lease } from '../core/index.ts'
import type { Asked } from './asked.ts'
import { formType } from './form.ts'
import type { Protocol } from './protocols.ts'
import { bodyFor } from './splice.ts'
import type { Form } from './splice.ts'
import type { UpstreamOrder } from './upstream.ts'

/** What Anthropic's clients choose the form of an answer by. */
const MESSAGES_HEADERS = ['anthropic-version', 'anthropic-beta'] as const

export interface Ordered {
  readonly requestId: string
  /** The engine's own route. */
  readonly path: string
  readonly protocol: Protocol
  readonly asked: Asked
}

/**
 * The request that the engine gets is made from parts: nothing that a client wrote decides its line or framing, and of
 * its headers only those named here pass. One that does not is llama-server's `x-conversation-id`, which would keep
 * the answer for whoever names the id.
 */
export function orderFor(demand: Ordered, sent: IncomingHttpHeaders, lease: Lease, form: Form): UpstreamOrder {
  const { requestId, path, protocol, asked } = demand
  const type = asked.boundary === null ? 'application/json' : formType(asked.boundary)
  const headers = ['content-type', type, 'authorization', `Bearer ${lease.key}`, 'x-request-id', requestId]
  if (sent.accept !== undefined) headers.push('accept', sent.accept)
  pass(sent, 'traceparent', headers)
  if (protocol === 'messages') for (const name of MESSAGES_HEADERS) pass(sent, name, headers)
  return {
    path,
    method: 'POST',
    headers,
    body: bodyFor(asked, lease.servedName, form),
    reset: lease.reuse === 'never' || (lease.reuse === 'plain' && (asked.stream || form === 'streamed')),
    client: null,
  }
}

function pass(sent: IncomingHttpHeaders, name: string, headers: string[]): void {
  const value = sent[name]
  if (typeof value === 'string') headers.push(name, value)
}
