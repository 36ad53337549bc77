import { formatBytes, formatDuration } from './units.ts'

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

interface ErrorSpec<F extends Facts> {
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
}

function define<F extends Facts>(spec: ErrorSpec<F>): ErrorSpec<F> {
  return Object.freeze(spec)
}

const client = { type: 'invalid_request_error', fault: 'client', exit: EXIT.failed, retry: 'never' } as const
const server = { type: 'server_error', exit: EXIT.failed } as const
const manifest = {
  status: 422,
  type: 'invalid_request_error',
  fault: 'operator',
  exit: EXIT.manifest,
  retry: 'never',
} as const

type Nearest = { nearest: readonly string[] }

/**
 * Every error of the program, once. A code is for good: a retired one is not used again.
 * Statuses and codes on inference routes are a contract with clients (INTERFACE 3).
 */
export const ERRORS = Object.freeze({
  // What a client sent.
  model_not_found: define<{ model: string } & Nearest>({
    ...client,
    status: 404,
    exit: EXIT.noSuchModel,
    sentence: (f) => `There is no model ${quote(f.model)} here.`,
    next: (f) => didYouMean(f.nearest) || 'GET /v1/models lists what there is.',
  }),
  model_required: define<{ models: readonly string[] }>({
    ...client,
    status: 400,
    sentence: (f) =>
      `The request names no model, and none of the ${f.models.length} models here is aliased \`default\`.`,
    next: (f) => `Set \`model\` to one of: ${list(f.models)}.`,
  }),
  json_invalid: define<{ why: string }>({
    ...client,
    status: 400,
    sentence: (f) => `The request body is not a JSON object: ${f.why}.`,
    next: 'Send one JSON object as the body.',
  }),
  parameter_invalid: define<{ param: string; expected: string }>({
    ...client,
    status: 400,
    sentence: (f) => `\`${f.param}\` must be ${f.expected}.`,
    next: (f) => `Correct \`${f.param}\` and send the request again.`,
  }),
  body_too_large: define<{ limit: number }>({
    ...client,
    status: 413,
    sentence: (f) => `The request body is larger than ${formatBytes(f.limit)}.`,
    next: 'Send less, or raise `server.max_body` in the manifest.',
  }),
  media_type_unsupported: define<{ header: string; value: string }>({
    ...client,
    status: 415,
    sentence: (f) => `The ${f.header} ${quote(f.value)} is not accepted here.`,
    next: 'Send an uncompressed JSON body with content-type: application/json.',
  }),
  method_not_allowed: define<{ method: string; path: string; allow: readonly string[] }>({
    ...client,
    status: 405,
    sentence: (f) => `${quote(f.path)} does not take ${f.method}.`,
    next: (f) => `Use ${list(f.allow)}.`,
  }),
  route_not_found: define<{ method: string; path: string }>({
    ...client,
    status: 404,
    sentence: (f) => `There is no route ${f.method} ${quote(f.path)}.`,
    next: 'The README lists the routes that this version has.',
  }),
  not_supported: define<{ what: string }>({
    ...client,
    status: 400,
    exit: EXIT.usage,
    sentence: (f) => `${f.what} is not supported by this version.`,
    next: 'The CHANGELOG says what each version can do.',
  }),
  route_not_supported: define<{ method: string; path: string }>({
    ...client,
    status: 404,
    exit: EXIT.usage,
    sentence: (f) => `The route ${f.method} ${quote(f.path)} is not supported by this version.`,
    next: 'The CHANGELOG says what each version can do.',
  }),
  unsupported_endpoint: define<{ model: string; route: string; why: string }>({
    ...client,
    status: 404,
    sentence: (f) => `The model ${quote(f.model)} does not answer ${f.route}: ${f.why}.`,
    next: 'Ask a model whose engine has this route.',
  }),
  host_not_allowed: define<{ host: string; allowed: readonly string[] }>({
    ...client,
    status: 421,
    sentence: (f) => `The Host header ${quote(f.host)} is not one that this server answers to.`,
    next: (f) => `Use ${list(f.allowed)}; \`server.hosts\` in the manifest will name others.`,
  }),
  origin_not_allowed: define<{ origin: string }>({
    ...client,
    type: 'permission_error',
    status: 403,
    exit: EXIT.notAllowed,
    sentence: (f) => `A web page from ${quote(f.origin)} may not change anything here.`,
    next: 'Send the request from this host, or from a program that is not a browser.',
  }),
  bad_request: define<{ why: string }>({
    ...client,
    status: 400,
    sentence: (f) => `The request is not valid HTTP: ${f.why}.`,
    next: 'Send one unambiguous HTTP/1.1 request per message.',
  }),
  expectation_failed: define<{ value: string }>({
    ...client,
    status: 417,
    sentence: (f) => `The expectation ${quote(f.value)} cannot be met.`,
    next: 'Leave out the Expect header, or send `100-continue`.',
  }),
  headers_too_large: define<{ limit: number }>({
    ...client,
    status: 431,
    sentence: (f) => `The request headers are larger than ${formatBytes(f.limit)}.`,
    next: 'Send fewer or shorter headers.',
  }),
  request_timeout: define<Facts>({
    ...client,
    status: 408,
    sentence: () => 'The request did not arrive whole in time.',
    next: 'Send headers within 10 s and the body within 60 s.',
  }),

  admin_socket_only: define<{ path: string }>({
    ...client,
    type: 'permission_error',
    status: 403,
    exit: EXIT.notAllowed,
    sentence: (f) => `${quote(f.path)} answers only on the admin socket in the state directory.`,
    next: "Use the `enginehouse` command on the daemon's host, as the user who runs the daemon.",
  }),
  request_not_found: define<{ request: string }>({
    ...client,
    status: 404,
    sentence: (f) => `The journal has no record of a request ${quote(f.request)}.`,
    next: 'It records requests that had to wait for a model; `enginehouse events` lists them.',
  }),

  // What stands between a request and an answer.
  server_overloaded: define<{ waiting: number; limit: number }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'later',
    sentence: (f) => `${f.waiting} requests are waiting already, and no more than ${f.limit} may.`,
    next: 'Try again later, or raise `server.max_queue`.',
  }),
  bodies_overloaded: define<{ held: number; limit: number }>({
    ...server,
    status: 503,
    fault: 'client',
    retry: 'later',
    sentence: (f) =>
      `Requests with ${formatBytes(f.held)} of bodies are at work, and no more than ${formatBytes(f.limit)} may be at once.`,
    next: 'Try again when some of them are answered.',
  }),
  model_loading: define<{ model: string }>({
    ...server,
    status: 503,
    fault: 'client',
    retry: 'later',
    sentence: (f) => `The model ${quote(f.model)} is not loaded yet, and the request asked not to wait.`,
    next: 'Try again shortly, or leave out `x-enginehouse-on-cold: fail`.',
  }),
  model_failed: define<{ model: string; class: string; detail: string; retryAt: number | null }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `The model ${quote(f.model)} could not be loaded (${f.class}): ${ended(f.detail)}`,
    next: (f) => `See \`enginehouse logs ${f.model}\`; \`enginehouse load ${f.model}\` tries again.`,
  }),
  insufficient_gpu_memory: define<MemoryFacts>({
    ...server,
    status: 503,
    fault: 'operator',
    exit: EXIT.placement,
    retry: 'not_by_itself',
    sentence: memorySentence,
    next: 'Lower `context` or `memory`, unpin another model, or use a larger GPU.',
  }),
  insufficient_host_memory: define<MemoryFacts>({
    ...server,
    status: 503,
    fault: 'operator',
    exit: EXIT.placement,
    retry: 'not_by_itself',
    sentence: memorySentence,
    next: 'Lower `context` or `memory` of the model, unpin another one, or raise `memory.host`.',
  }),
  no_such_device: define<{ model: string; wanted: string; there: readonly string[] }>({
    ...server,
    status: 503,
    fault: 'operator',
    exit: EXIT.placement,
    retry: 'not_by_itself',
    sentence: (f) =>
      `The model ${quote(f.model)} wants ${f.wanted}, and this host has ${f.there.length ? list(f.there) : 'no GPU'}.`,
    next: 'Correct `gpus` of the model in the manifest.',
  }),
  queue_timeout: define<{ model: string; waited: number }>({
    ...server,
    status: 504,
    fault: 'operator',
    exit: EXIT.timedOut,
    retry: 'later',
    sentence: (f) => `No place fell free for ${quote(f.model)} within ${formatDuration(f.waited)}.`,
    next: (f) => `\`enginehouse explain ${f.model}\` says what holds the memory.`,
  }),
  unloaded: define<{ model: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'later',
    sentence: (f) => `The model ${quote(f.model)} was unloaded by an operator while the request waited for it.`,
    next: 'Send the request again to load it again.',
  }),
  shutting_down: define<Facts>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'later',
    sentence: () => 'The daemon is shutting down.',
    next: 'Try again when it is back.',
  }),
  recovering: define<Facts>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'later',
    sentence: () => 'The daemon has just started, and is stopping what an earlier one left.',
    next: 'Requests wait until it is done; that takes seconds.',
  }),
  engine_crashed: define<{ model: string; detail: string }>({
    ...server,
    status: 502,
    fault: 'engine',
    retry: 'later',
    sentence: (f) => `The engine of ${quote(f.model)} ended before it had answered: ${ended(f.detail)}`,
    next: (f) => `Try again; \`enginehouse logs ${f.model}\` has its last lines.`,
  }),
  engine_protocol: define<{ model: string; detail: string }>({
    ...server,
    status: 502,
    fault: 'engine',
    retry: 'never',
    sentence: (f) => `The engine of ${quote(f.model)} gave an answer that is not HTTP as expected: ${ended(f.detail)}`,
    next: (f) => `See \`enginehouse logs ${f.model}\`.`,
  }),
  /** The engine's own status goes to the client; only the body is ours. */
  engine_refused: define<{ model: string; status: number }>({
    ...server,
    status: 502,
    fault: 'engine',
    retry: 'never',
    sentence: (f) => `The engine of ${quote(f.model)} answered ${f.status} without saying why.`,
    next: (f) => `See \`enginehouse logs ${f.model}\`.`,
  }),
  internal: define<{ what: string }>({
    ...server,
    status: 500,
    fault: 'bug',
    retry: 'later',
    sentence: (f) => `Something went wrong inside the daemon: ${f.what}`,
    next: 'The daemon log has the details; please report it.',
  }),

  // What the one who runs the daemon meets.
  usage: define<{ why: string }>({
    ...client,
    status: 400,
    fault: 'operator',
    exit: EXIT.usage,
    sentence: (f) => f.why,
    next: '`enginehouse --help` shows the commands.',
  }),
  output_failed: define<{ why: string }>({
    ...server,
    status: 500,
    fault: 'host',
    retry: 'never',
    sentence: (f) => `The results could not be written: ${f.why}.`,
    next: 'Make room where stdout leads, or send it elsewhere.',
  }),
  command_failed: define<{ what: string }>({
    ...server,
    status: 500,
    fault: 'bug',
    retry: 'never',
    sentence: (f) => `The command failed in a way that it should not: ${f.what}`,
    next: 'Please report it, with what you typed.',
  }),
  manifest_not_found: define<{ looked: readonly string[] }>({
    ...manifest,
    sentence: (f) => `No manifest was found at ${list(f.looked)}.`,
    next: 'Write one (the README has an example), or name it with -c FILE.',
  }),
  manifest_unreadable: define<{ path: string; why: string }>({
    ...manifest,
    sentence: (f) => `The manifest ${f.path} cannot be read: ${f.why}.`,
    next: 'Correct the path or the permissions of the file.',
  }),
  manifest_invalid: define<{ path: string; problems: number }>({
    ...manifest,
    sentence: (f) => `The manifest ${f.path} has ${f.problems === 1 ? 'a problem' : `${f.problems} problems`}.`,
    next: 'Each is listed with its line; `enginehouse validate` checks again.',
  }),
  address_in_use: define<{ address: string }>({
    ...server,
    status: 500,
    fault: 'operator',
    retry: 'never',
    sentence: (f) => `Something else is listening on ${f.address}.`,
    next: 'Stop it, or set another `server.listen` (or ENGINEHOUSE_LISTEN).',
  }),
  listen_failed: define<{ address: string; why: string }>({
    ...server,
    status: 500,
    fault: 'host',
    retry: 'never',
    sentence: (f) => `The daemon cannot listen on ${f.address}: ${f.why}.`,
    next: 'Set another `server.listen` (or ENGINEHOUSE_LISTEN).',
  }),
  state_directory_in_use: define<{ directory: string; pid: number }>({
    ...server,
    status: 500,
    fault: 'operator',
    retry: 'never',
    sentence: (f) => `Another daemon (pid ${f.pid}) uses the state directory ${f.directory}.`,
    next: 'Stop that one, or set ENGINEHOUSE_STATE_DIR to another directory.',
  }),
  state_directory_unusable: define<{ directory: string; why: string }>({
    ...server,
    status: 500,
    fault: 'host',
    retry: 'never',
    sentence: (f) => `The state directory ${f.directory} cannot be used: ${f.why}.`,
    next: 'Make it a directory of yours with mode 0700, or set ENGINEHOUSE_STATE_DIR.',
  }),
  journal_write_failed: define<{ directory: string; why: string }>({
    ...server,
    status: 500,
    fault: 'host',
    retry: 'never',
    sentence: (f) => `The journal at ${f.directory} cannot be written: ${f.why}.`,
    next: 'The daemon goes on with its history in memory; make room or mend the disk, then restart it.',
  }),
  daemon_unreachable: define<{ where: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    exit: EXIT.unreachable,
    retry: 'later',
    sentence: (f) => `No daemon answers at ${f.where}.`,
    next: 'Start one with `enginehouse serve`, or set ENGINEHOUSE_STATE_DIR to the directory of the one that runs.',
  }),
  daemon_answer_unexpected: define<{ status: number; text: string }>({
    ...server,
    status: 502,
    fault: 'operator',
    retry: 'never',
    sentence: (f) => `The daemon answered ${f.status} with ${quote(f.text)}, which this version does not understand.`,
    next: "Compare `enginehouse version` with the daemon's, and restart the daemon.",
  }),
  timed_out: define<{ what: string; after: number }>({
    ...server,
    status: 504,
    fault: 'operator',
    exit: EXIT.timedOut,
    retry: 'later',
    sentence: (f) => `${f.what} took longer than ${formatDuration(f.after)}.`,
    next: 'Give it more time with --timeout.',
  }),
  platform_unsupported: define<{ what: string; needs: string }>({
    ...server,
    status: 500,
    fault: 'host',
    retry: 'never',
    sentence: (f) => `${f.what} needs ${f.needs}.`,
    next: 'The README lists the platforms and what each can do.',
  }),
  engine_not_installed: define<{ engine: string; looked: readonly string[] }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `The engine ${f.engine} was not found at ${list(f.looked)}.`,
    next: (f) => `Run \`enginehouse engines install ${f.engine}\`, or set \`engines.${f.engine}.path\`.`,
  }),
  engine_spawn_failed: define<{ program: string; why: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `The engine's program ${quote(f.program)} could not be started: ${f.why}.`,
    next: 'Correct the command or the permissions, then load the model again.',
  }),
  no_free_port: define<{ first: number; last: number }>({
    ...server,
    status: 503,
    fault: 'host',
    retry: 'later',
    sentence: (f) => `Every port from ${f.first} to ${f.last} on 127.0.0.1 is taken.`,
    next: 'Find out what listens on so many ports (`ss -ltnp`), and stop it.',
  }),
  engine_unknown: define<{ engine: string } & Nearest>({
    ...client,
    status: 404,
    fault: 'operator',
    exit: EXIT.usage,
    sentence: (f) => `There is no engine ${quote(f.engine)} that this version can install.`,
    next: (f) => didYouMean(f.nearest) || '`enginehouse engines list` shows them.',
  }),
  engine_install_failed: define<{ engine: string; why: string; next: string }>({
    ...server,
    status: 500,
    fault: 'host',
    retry: 'later',
    sentence: (f) => `The engine ${f.engine} could not be installed: ${f.why}.`,
    next: (f) => f.next,
  }),
  weights_missing: define<{ model: string; path: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `The weights of ${quote(f.model)} are not at ${f.path}.`,
    next: 'Put the file there, or correct `source` in the manifest.',
  }),
  weights_wrong: define<{ model: string; path: string; why: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'not_by_itself',
    sentence: (f) => `The weights of ${quote(f.model)} at ${f.path} cannot be used: ${f.why}.`,
    next: 'Replace the file, or correct `source` in the manifest.',
  }),
  weights_fetch_failed: define<{ model: string; why: string }>({
    ...server,
    status: 503,
    fault: 'operator',
    retry: 'later',
    sentence: (f) => `The weights of ${quote(f.model)} could not be fetched: ${f.why}.`,
    next: 'Correct `source` in the manifest or what it needs, then load the model again.',
  }),

  // What the manifest's reader finds; each comes with file, line and column.
  manifest_syntax: define<{ why: string }>({
    ...manifest,
    sentence: (f) => `This is not valid YAML: ${f.why}.`,
    next: 'Correct the line that is shown.',
  }),
  manifest_too_large: define<{ size: number; limit: number }>({
    ...manifest,
    sentence: (f) => `The manifest has ${formatBytes(f.size)}, and no more than ${formatBytes(f.limit)} are read.`,
    next: 'Split what it describes over several hosts, or remove what is not a manifest.',
  }),
  manifest_unknown_key: define<{ key: string; at: string } & Nearest>({
    ...manifest,
    sentence: (f) => `There is no key ${quote(f.key)} ${f.at ? `under ${f.at}` : 'at the top'}.`,
    next: (f) => didYouMean(f.nearest) || 'Remove it; keys that begin with x- are free at the top.',
  }),
  manifest_key_not_supported: define<{ key: string }>({
    ...manifest,
    sentence: (f) => `${quote(f.key)} is not supported by this version.`,
    next: 'Remove it; the CHANGELOG says when it comes.',
  }),
  manifest_value: define<{ key: string; expected: string; got: string } & Nearest>({
    ...manifest,
    sentence: (f) => `${f.key} must be ${f.expected}, not ${f.got}.`,
    next: (f) => didYouMean(f.nearest) || 'Correct the value.',
  }),
  manifest_missing_key: define<{ key: string; at: string; why: string }>({
    ...manifest,
    sentence: (f) => `${f.at || 'The manifest'} needs ${quote(f.key)}: ${f.why}.`,
    next: (f) => `Add \`${f.key}\`.`,
  }),
  manifest_name: define<{ name: string; why: string }>({
    ...manifest,
    sentence: (f) => `${quote(f.name)} cannot be a model's name or alias: ${f.why}.`,
    next: 'Use letters, digits and . _ - : / @ +, first a letter or digit, at most 128 in all.',
  }),
  manifest_name_taken: define<{ name: string; by: string }>({
    ...manifest,
    sentence: (f) => `${quote(f.name)} already stands for the model ${quote(f.by)}.`,
    next: 'Give each model and alias a name of its own.',
  }),
  manifest_variable_unset: define<{ names: readonly string[] } & Nearest>({
    ...manifest,
    sentence: (f) =>
      f.names.length === 1
        ? `The variable ${list(f.names.map(quote))} is not set, and has no default here.`
        : `The variables ${list(f.names.map(quote))} are not set, and have no default here.`,
    next: (f) =>
      didYouMean(f.nearest) || 'Set it in the environment or in `.env` beside the manifest, or write ${NAME:-default}.',
  }),
  manifest_variable_syntax: define<{ why: string }>({
    ...manifest,
    sentence: (f) => `A variable cannot be written so: ${f.why}.`,
    next: 'Write ${NAME} or ${NAME:-default}; $${ is a plain ${.',
  }),
  env_file_syntax: define<{ why: string }>({
    ...manifest,
    sentence: (f) => `This line cannot be read: ${f.why}.`,
    next: 'Write NAME=value, each variable once and on a line of its own.',
  }),
  env_file_unreadable: define<{ why: string }>({
    ...manifest,
    sentence: (f) => `The variables beside the manifest cannot be read: ${f.why}.`,
    next: 'Correct the file or its permissions, or move it away.',
  }),
  manifest_flag_reserved: define<{ flag: string; engine: string; why: string }>({
    ...manifest,
    sentence: (f) => `The flag ${quote(f.flag)} of ${f.engine} cannot be set here: ${f.why}.`,
    next: 'Remove it from `args`.',
  }),
  manifest_conflict: define<{ why: string; next: string }>({
    ...manifest,
    sentence: (f) => f.why,
    next: (f) => f.next,
  }),
})

export type ErrorCode = keyof typeof ERRORS
export type FactsOf<C extends ErrorCode> = Parameters<(typeof ERRORS)[C]['sentence']>[0]

interface MemoryFacts extends Facts {
  readonly model: string
  readonly device: string
  readonly needed: number
  /** What the device could give if every model that may be unloaded were. */
  readonly largest: number
}

function memorySentence(f: MemoryFacts): string {
  return `The model ${quote(f.model)} needs ${formatBytes(f.needed)} on ${f.device}, which can give at most ${formatBytes(f.largest)}.`
}

/** The one error class: a code of the registry with its facts. The words are made when they are shown. */
export class EnginehouseError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'EnginehouseError'
  readonly code: C
  readonly facts: FactsOf<C>

  constructor(code: C, facts: FactsOf<C>, options?: { cause?: unknown }) {
    super(sentenceOf(code, facts), options)
    this.code = code
    this.facts = facts
  }

  get next(): string {
    return nextOf(this.code, this.facts)
  }
}

export function sentenceOf(code: ErrorCode, facts: Facts): string {
  return specOf(code).sentence(facts)
}

export function nextOf(code: ErrorCode, facts: Facts): string {
  const { next } = specOf(code)
  return typeof next === 'string' ? next : next(facts)
}

/** Whether a word from outside names an error of the registry. */
export function isErrorCode(word: unknown): word is ErrorCode {
  return typeof word === 'string' && Object.hasOwn(ERRORS, word)
}

/** The registry's entry with its facts' type forgotten: for code that only renders. */
export function specOf(code: ErrorCode): ErrorSpec<Facts> {
  return ERRORS[code] as ErrorSpec<Facts>
}

/** At most 64 characters of what somebody sent, control characters escaped. */
export function quote(text: string): string {
  const cut = text.length > 64 ? `${text.slice(0, 63)}…` : text
  return JSON.stringify(cut)
}

/** What an engine or the system said, closed like a sentence. */
function ended(text: string): string {
  return /[.!?…]$/.test(text) ? text : `${text}.`
}

function list(items: readonly string[]): string {
  const shown = items.slice(0, 8).join(', ')
  return items.length > 8 ? `${shown} and ${items.length - 8} more` : shown
}

function didYouMean(nearest: readonly string[]): string {
  if (nearest.length === 0) return ''
  return `Did you mean ${nearest.map((name) => quote(name)).join(' or ')}?`
}
