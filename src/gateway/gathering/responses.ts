import { isMembers } from './gathering.ts'
import type { Gatherer, Members } from './gathering.ts'

const LAST_EVENTS: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/**
 * Of Responses: the last event has all of the answer. llama-server leaves out of it what its plain answer says of what
 * is over: when that was, and of a thought that it is.
 */
export function gatherResponse(): Gatherer {
  return {
    event: ({ type, response }) =>
      LAST_EVENTS.has(type) && isMembers(response) ? JSON.stringify(whole(response)) : null,
  }
}

function whole(response: Members): Members {
  const { created_at: at, status, output } = response
  const items = Array.isArray(output) ? output.map((item) => (isMembers(item) ? { status, ...item } : item)) : output
  return { completed_at: at, ...response, output: items }
}
