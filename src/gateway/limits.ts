import { MIB } from '../core/index.ts'
import type { Bytes, Millis } from '../core/index.ts'

/* Every bound on what a client or an engine can make the gateway hold or wait for. `maxBody` is the manifest's. */

/** Request line and headers together; above it Node refuses before any of our code runs. */
export const MAX_HEADER_BYTES: Bytes = 16 * 1024
/** Header lines of one request: many tiny ones cost far more than their bytes. */
export const MAX_HEADER_LINES = 100
/** What a connection may take of the server before there is a request. Tests set their own. */
export interface ServerBounds {
  /** From the first byte of a request to the end of its headers. */
  readonly headers: Millis
  /** From the first byte of a request to the end of its body. */
  readonly body: Millis
  /** How often the two are looked at; Node's own 30 s would let a 10 s limit last 40 s. */
  readonly check: Millis
  readonly connections: number
}

export const SERVER_BOUNDS: ServerBounds = Object.freeze({
  headers: 10_000,
  body: 60_000,
  check: 1_000,
  connections: 4_096,
})
/** An idle client connection; longer than the 60 s after which common proxies drop theirs. */
export const CLIENT_KEEP_ALIVE: Millis = 72_000
/** Longest model name in a path, with what encoding adds. */
export const MAX_PATH_PARAMETER = 512
/** What is read and thrown away of a refused body, so that its sender gets to read the refusal. */
export const LINGER: { readonly bytes: Bytes; readonly time: Millis } = Object.freeze({ bytes: 64 * MIB, time: 2_000 })

/** Of all request bodies that are in memory at once; never less than four of the largest. */
export const MAX_BODIES: Bytes = 512 * MIB
/** Bodies below this are not counted: all connections together hold at most 256 MiB of them. */
export const COUNTED_BODY: Bytes = 64 * 1024

/** Nesting of a JSON body. Deeper ones exist only to exhaust a parser's stack. */
export const MAX_DEPTH = 128
/** Bodies up to this are parsed whole for validity; above it only their structure is checked (about 4 ms per MiB). */
export const PARSE_LIMIT: Bytes = MIB

/**
 * Of a stream whose model is not there yet. 3 s: most refusals are known by then. 10 s: common clients and proxies give
 * up after 15 s to 60 s of silence.
 */
export const HEARTBEAT: { readonly after: Millis; readonly every: Millis } = Object.freeze({
  after: 3_000,
  every: 10_000,
})

/** Parts of a form, and headers of one: what readers in engines take as well. */
export const MAX_PARTS = 1000
export const MAX_PART_HEADERS: Bytes = 8 * 1024

/** A client that takes nothing for this long, while the engine is held up by it, is cut. */
export const STALLED_READER: Millis = 30_000
/** An answer that has to be seen whole before any of it is passed on: unframed ones and errors in a foreign shape. */
export const MAX_HELD: Bytes = 8 * MIB
/** Of text in an answer that is gathered from a stream: two million tokens and more. */
export const MAX_GATHERED: Bytes = 8 * MIB

/** Under the 5 s after which llama-server and uvicorn close an idle connection, so that we close first. */
export const ENGINE_KEEP_ALIVE: Millis = 4_000
/** An engine listens on this host; a connect that takes longer meets a full backlog. */
export const ENGINE_CONNECT_DEADLINE: Millis = 2_000

/** An engine that refuses a connection has ended; its exit is seen within this, and the request then starts over. */
export const EXIT_SEEN_WITHIN: Millis = 1_000

/** Told to clients whose request may succeed later. Some clients ignore, and some give up on, more than 60 s. */
export const RETRY_AFTER_SECONDS = 5
/** After the drain deadline: for the last error bodies to reach their sockets. */
export const FLUSH_GRACE: Millis = 1_000
