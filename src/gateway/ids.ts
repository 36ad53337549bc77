import { randomBytes } from 'node:crypto'
import type { IncomingMessage } from 'node:http'

/** Ids that clients may choose: nothing in them can break a header, a log line or a file name. */
const SAFE_ID = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/

/** A counter behind a random prefix: as unique as random bytes per request, at the price of an addition. */
export function createIds(): () => string {
  const prefix = `req_${randomBytes(6).toString('hex')}_`
  let count = 0
  return () => prefix + (count++).toString(36)
}

/** The client's own `x-request-id` when it is safe to repeat, else null. */
export function requestIdOf(request: IncomingMessage): string | null {
  const sent = request.headers['x-request-id']
  return typeof sent === 'string' && SAFE_ID.test(sent) ? sent : null
}
