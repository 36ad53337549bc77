import { EventData } from './event-data.ts'
import { failureOf, isMembers, readEvent } from './gathering.ts'
import type { Gathered, Gathering, Members } from './gathering.ts'

const LAST_EVENTS: ReadonlySet<unknown> = new Set(['response.completed', 'response.incomplete', 'response.failed'])

/**
 * Of Responses: the last event has all of the answer. llama-server leaves out of it what its plain answer says of what
 * is over: when that was, and of a thought that it is.
 */
export class ResponseGathering implements Gathering {
  readonly #data = new EventData()
  #gathered: Gathered | null = null

  take(bytes: Buffer): void {
    for (const data of this.#data.take(bytes)) this.#read(data)
  }

  end(): Gathered | null {
    for (const data of this.#data.rest()) this.#read(data)
    return this.#gathered
  }

  #read(data: string): void {
    if (this.#gathered !== null) return
    const event = readEvent(data)
    if (event === null) return
    const { type, response } = event
    if (LAST_EVENTS.has(type) && isMembers(response))
      this.#gathered = { status: 200, body: JSON.stringify(whole(response)) }
    else this.#gathered = failureOf(event, data)
  }
}

function whole(response: Members): Members {
  const { created_at: at, status, output } = response
  const items = Array.isArray(output) ? output.map((item) => (isMembers(item) ? { status, ...item } : item)) : output
  return { completed_at: at, ...response, output: items }
}
