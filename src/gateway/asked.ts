import { isUtf8 } from 'node:buffer'
import { EnginehouseError } from '../core/index.ts'
import { PARSE_LIMIT } from './limits.ts'
import { readString, scan } from './scan.ts'
import type { Range } from './scan.ts'

/** What the gateway reads of an inference body; everything else is the engine's. */
export interface Asked {
  readonly body: Buffer
  /** Of a multipart form; null for JSON. */
  readonly boundary: string | null
  /** Null when the body names none. */
  readonly model: string | null
  readonly stream: boolean
  /** Asked as a stream, an engine would give the same answer in pieces. */
  readonly streamable: boolean
  /** Where the value of `model` stands; null when the body has no such member. */
  readonly modelAt: Range | null
  readonly streamAt: Range | null
  /** Where a member can be inserted, and whether it would be the only one. */
  readonly inside: number
  readonly empty: boolean
}

/** Members that are meant for us and that this version does not act upon: an engine must never see them. */
export const OUR_FIELDS = ['keep_alive', 'ttl', 'backend', 'device'] as const

/**
 * With these a stream of llama-server says something else than its plain answer, or the client says something of a
 * stream that it did not ask for: a token that adds no text drops its probabilities, thoughts of one format stay in the
 * text, progress is told beside it.
 */
const PLAIN_FIELDS = ['stream_options', 'logprobs', 'n_probs', 'return_progress', 'reasoning_format'] as const

const WANTED: ReadonlySet<string> = new Set(['model', 'stream', ...OUR_FIELDS, ...PLAIN_FIELDS])

/** Checks a body and finds what is asked. Throws json_invalid, parameter_invalid or not_supported. */
export function readAsked(body: Buffer): Asked {
  const found = scan(body, WANTED)
  if (typeof found === 'string') throw new EnginehouseError('json_invalid', { why: found })
  if (!isUtf8(body)) throw new EnginehouseError('json_invalid', { why: 'it is not valid UTF-8' })
  if (body.length <= PARSE_LIMIT) checkValues(body)
  for (const field of OUR_FIELDS) {
    if (found.values.has(field)) throw new EnginehouseError('not_supported', { what: `The field \`${field}\`` })
  }
  const modelAt = found.values.get('model') ?? null
  return {
    body,
    boundary: null,
    model: modelAt === null ? null : readModel(body, modelAt),
    stream: readStream(body, found.values.get('stream')),
    streamable: !PLAIN_FIELDS.some((field) => asksFor(body, found.values.get(field))),
    modelAt,
    streamAt: found.values.get('stream') ?? null,
    inside: found.inside,
    empty: found.empty,
  }
}

/** The scanner jumps over values; this looks at them. */
function checkValues(body: Buffer): void {
  try {
    JSON.parse(body.toString('utf8'))
  } catch (error) {
    // The parser's own sentence repeats what was sent; only its position is taken.
    const position = error instanceof Error ? /position (\d+)/.exec(error.message)?.[1] : undefined
    const why =
      position === undefined ? 'a value in it is malformed' : `a value in it is malformed (character ${position})`
    throw new EnginehouseError('json_invalid', { why })
  }
}

function readModel(body: Buffer, at: Range): string | null {
  if (isNull(body, at)) return null
  const name = readString(body, at)
  if (name === null) throw new EnginehouseError('parameter_invalid', { param: 'model', expected: 'a string' })
  return name
}

function readStream(body: Buffer, at: Range | undefined): boolean {
  if (at === undefined || isNull(body, at)) return false
  const value = body.toString('latin1', at.start, at.end)
  if (value !== 'true' && value !== 'false') {
    throw new EnginehouseError('parameter_invalid', { param: 'stream', expected: 'true or false' })
  }
  return value === 'true'
}

const NOTHING: ReadonlySet<string> = new Set(['null', 'false', '0'])

/** Clients send fields with the value that asks for nothing. */
function asksFor(body: Buffer, at: Range | undefined): boolean {
  return at !== undefined && !NOTHING.has(body.toString('latin1', at.start, Math.min(at.end, at.start + 6)))
}

function isNull(body: Buffer, at: Range): boolean {
  return at.end - at.start === 4 && body.toString('latin1', at.start, at.end) === 'null'
}
