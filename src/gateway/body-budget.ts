import type { IncomingMessage, ServerResponse } from 'node:http'
import { EnginehouseError } from '../core/index.ts'
import type { Bytes } from '../core/index.ts'
import { COUNTED_BODY } from './limits.ts'

/** What all request bodies together may hold: each is in memory from its first byte until its answer is over. */
export interface BodyBudget {
  /** Counts the body that this request announces until its response is closed. Throws bodies_overloaded. */
  take(request: IncomingMessage, response: ServerResponse): void
}

/**
 * A body without a length counts as the largest that it may become. Small ones are not counted: the limit on connections
 * bounds them.
 */
export function createBodyBudget(limit: Bytes, maxBody: Bytes): BodyBudget {
  let held: Bytes = 0
  return {
    take(request, response) {
      const length = request.headers['content-length']
      const size = length === undefined ? maxBody : Math.min(Number(length), maxBody)
      if (size < COUNTED_BODY) return
      if (held + size > limit) throw new EnginehouseError('bodies_overloaded', { held, limit })
      held += size
      response.once('close', () => {
        held -= size
      })
    },
  }
}
