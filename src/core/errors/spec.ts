/** Facts that an error's sentence is made of: data, so that a log, a test and a client read the same. */
export type Facts = Readonly<Record<string, unknown>>

/** OpenAI's error types, and those its compatible servers add. */
export type ErrorType =
  | 'invalid_request_error'
  | 'server_error'
  | 'authentication_error'
  | 'permission_error'
  | 'not_found_error'

/** Who has to act: the client, the one who runs the daemon, the engine's author, the host, or us. */
export type Fault = 'client' | 'operator' | 'engine' | 'host' | 'bug'

/** The command line's exit codes (INTERFACE 2). */
export const EXIT = Object.freeze({
  ok: 0,
  failed: 1,
  usage: 2,
  manifest: 3,
  placement: 4,
  unreachable: 5,
  noSuchModel: 6,
  notAllowed: 7,
  timedOut: 8,
  interrupted: 130,
})

export interface ErrorSpec<F extends Facts> {
  /** HTTP status where a client meets it. */
  readonly status: number
  readonly type: ErrorType
  readonly fault: Fault
  /** Exit code where a command meets it. */
  readonly exit: number
  /** May the same request succeed later without anybody's help? Sent as `x-should-retry` and `retry-after`. */
  readonly retry: 'never' | 'later' | 'not_by_itself'
  /** What happened and where, in one sentence with the facts. */
  readonly sentence: (facts: F) => string
  /** What to do about it. */
  readonly next: string | ((facts: F) => string)
  /** Facts as they may be, for the reference pages and `explain CODE`: they make sentence and next step readable. */
  readonly example: F
  /** What brings it about, in one or two sentences, where sentence and next step do not say it. */
  readonly about?: string
}

export function define<F extends Facts>(spec: ErrorSpec<F>): ErrorSpec<F> {
  return Object.freeze(spec)
}

/** What most entries of a kind share. */
export const client = { type: 'invalid_request_error', fault: 'client', exit: EXIT.failed, retry: 'never' } as const
export const server = { type: 'server_error', exit: EXIT.failed } as const
export const manifest = {
  status: 422,
  type: 'invalid_request_error',
  fault: 'operator',
  exit: EXIT.manifest,
  retry: 'never',
} as const
