import { escapeControl } from '../lib/escape-control.ts'
import type { TokenUsage } from './metrics.ts'

/** Of a user agent; longer ones say nothing more about who it is. */
const LONGEST_AGENT = 200

/** One request that has come to its end. Never a body, a query or a key. */
export interface AccessEntry {
  /** The id by which the journal knows it, and `explain`. */
  readonly request: string
  /** The client's own id, where it sent one: it is what the answer and the engine carry. */
  readonly clientRequest: string | null
  readonly method: string
  /** The route's pattern, or the path that was asked where there is no such route. */
  readonly route: string
  readonly model: string | null
  readonly instance: string | null
  /** Null when the client left before it got one. */
  readonly status: number | null
  readonly outcome: string
  /** Of the answer's body; null where nobody counted. */
  readonly bytes: number | null
  readonly queueMs: number | null
  readonly coldStartMs: number | null
  readonly firstByteMs: number | null
  readonly totalMs: number
  readonly usage: TokenUsage | null
  readonly code: string | null
  /** An address, or `local` for the admin socket and unix sockets. */
  readonly client: string
  readonly agent: string | undefined
}

export interface AccessLog {
  /** False: nobody wants entries, so that none need be made. */
  readonly wanted: boolean
  /** Also requests that only look whether the daemon lives. */
  readonly probesWanted: boolean
  write(entry: AccessEntry): void
}

/** An entry as a line of JSON; what is not known is left out. */
export function accessLine(entry: AccessEntry, at: Date): string {
  const { usage } = entry
  const line = JSON.stringify({
    time: at.toISOString(),
    request: entry.request,
    client_request: entry.clientRequest ?? undefined,
    method: entry.method,
    route: entry.route,
    model: entry.model ?? undefined,
    instance: entry.instance ?? undefined,
    status: entry.status,
    outcome: entry.outcome,
    code: entry.code ?? undefined,
    bytes: entry.bytes ?? undefined,
    queue_ms: rounded(entry.queueMs),
    cold_start_ms: rounded(entry.coldStartMs),
    first_byte_ms: rounded(entry.firstByteMs),
    total_ms: rounded(entry.totalMs),
    input_tokens: usage?.input,
    output_tokens: usage?.output,
    client: entry.client,
    agent: entry.agent?.slice(0, LONGEST_AGENT),
  })
  return `${escapeControl(line)}\n`
}

/** Tenths of a millisecond: the finest that is not noise. */
function rounded(value: number | null): number | undefined {
  return value === null ? undefined : Math.round(value * 10) / 10
}
