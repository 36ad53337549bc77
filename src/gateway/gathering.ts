import type { IncomingHttpHeaders } from 'node:http'
import { UnreadableAnswer } from './dialects/dialect.ts'
import { EventData } from './event-data.ts'
import { MAX_GATHERED } from './limits.ts'

/** The engine's routes that give the same answer whole and in pieces. */
const STREAMED_ROUTES: ReadonlySet<string> = new Set(['/v1/chat/completions', '/v1/completions'])
/** What an object in an answer counts for beside its text. */
const OBJECT = 64
const ONLY_OF_STREAMS: ReadonlySet<string> = new Set(['content-type', 'x-accel-buffering', 'cache-control'])
/** Of a delta that are said once; all other text grows. */
const SAID_ONCE: ReadonlySet<string> = new Set(['role', 'id', 'type', 'name'])

export interface Gathered {
  readonly status: number
  readonly body: string
}

/** Without a prototype: an engine's names are names, whatever they are. */
type Members = Record<string, unknown>

interface Choice {
  readonly members: Members
  /** Null where the choice is text by itself. */
  message: Members | null
  readonly calls: Map<number, Members>
}

/** Null: the engine's route has no stream that says the same. */
export function gatheringFor(path: string): Gathering | null {
  return STREAMED_ROUTES.has(path) ? new Gathering() : null
}

/** The head of a stream as that of one JSON answer. */
export function wholeHead(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !ONLY_OF_STREAMS.has(name))
  return { ...Object.fromEntries(kept), 'content-type': 'application/json; charset=utf-8' }
}

/**
 * Puts the pieces of a streamed answer together to the one that the engine gives when it is asked for no stream. What
 * stands beside the choices is that of the first one, as engines have it; members that nobody here knows are kept.
 */
export class Gathering {
  readonly #data = new EventData()
  readonly #beside = members()
  readonly #choices = new Map<number, Choice>()
  /** Whose choice came last: an event without one belongs to the same. */
  #last = 0
  #size = 0
  /** The engine said that this was all. */
  #done = false
  #failure: Gathered | null = null

  /** Throws UnreadableAnswer. */
  take(bytes: Buffer): void {
    for (const data of this.#data.take(bytes)) this.#read(data)
  }

  /** Null when the stream stopped short of its end. */
  end(): Gathered | null {
    for (const data of this.#data.rest()) this.#read(data)
    if (this.#failure !== null) return this.#failure
    if (!this.#done) return null
    const choices = [...this.#choices].toSorted(([one], [other]) => one - other).map(([, choice]) => whole(choice))
    return { status: 200, body: JSON.stringify({ choices, ...this.#beside }) }
  }

  #read(data: string): void {
    if (this.#done || this.#failure !== null) return
    if (data === '[DONE]') {
      this.#done = true
      return
    }
    const event = parse(data)
    // Said by llama-server where it has nothing to say yet.
    if (event === null) return
    if (!isMembers(event)) throw new UnreadableAnswer('an event of it is no object')
    const { error, choices, ...beside } = event
    if (error !== undefined) {
      this.#failure = { status: statusOf(error), body: data }
      return
    }
    if (Array.isArray(choices)) for (const choice of choices) if (isMembers(choice)) this.#choose(choice)
    if (this.#last > 0) return
    Object.assign(this.#beside, beside)
    if (typeof beside['object'] === 'string') this.#beside['object'] = beside['object'].replace(/\.chunk$/, '')
  }

  #choose({ index: given, delta, ...rest }: Members): void {
    const index = typeof given === 'number' ? given : 0
    this.#last = index
    const choice = this.#choices.get(index) ?? this.#newChoice(index)
    for (const [name, value] of Object.entries(rest)) {
      if (name === 'text') this.#grow(choice.members, name, value)
      else set(choice.members, name, value)
    }
    if (!isMembers(delta)) return
    const { tool_calls: calls, ...said } = delta
    choice.message ??= members()
    this.#merge(choice.message, said)
    if (Array.isArray(calls)) for (const call of calls) if (isMembers(call)) this.#call(choice.calls, call)
  }

  #newChoice(index: number): Choice {
    this.#count(OBJECT)
    const choice: Choice = { members: Object.assign(members(), { index }), message: null, calls: new Map() }
    this.#choices.set(index, choice)
    return choice
  }

  #call(calls: Map<number, Members>, { index: given, ...said }: Members): void {
    const index = typeof given === 'number' ? given : 0
    let call = calls.get(index)
    if (call === undefined) {
      this.#count(OBJECT)
      calls.set(index, (call = members()))
    }
    this.#merge(call, said)
  }

  #merge(into: Members, said: Members): void {
    for (const [name, value] of Object.entries(said)) {
      const before = into[name]
      if (typeof value === 'string' && !SAID_ONCE.has(name)) this.#grow(into, name, value)
      else if (isMembers(value)) this.#merge(isMembers(before) ? before : (into[name] = members()), value)
      else set(into, name, value)
    }
  }

  #grow(into: Members, name: string, value: unknown): void {
    const text = typeof value === 'string' ? value : ''
    const before = into[name]
    this.#count(text.length)
    into[name] = typeof before === 'string' ? before + text : text
  }

  #count(size: number): void {
    this.#size += size
    if (this.#size > MAX_GATHERED) throw new UnreadableAnswer('it is too long to be gathered')
  }
}

/** A message without text is said to be empty, where its pieces say `null`. */
function whole({ members: own, message, calls }: Choice): Members {
  if (message === null) return own
  const said = { ...message, content: message['content'] ?? '' }
  if (calls.size === 0) return { ...own, message: said }
  const sorted = [...calls].toSorted(([one], [other]) => one - other)
  return { ...own, message: { ...said, tool_calls: sorted.map(([, call]) => call) } }
}

function set(into: Members, name: string, value: unknown): void {
  if (value !== null || !(name in into)) into[name] = value
}

/** What the engine would have answered with, had it known before its first byte. */
function statusOf(error: unknown): number {
  const code = isMembers(error) ? error['code'] : null
  return typeof code === 'number' && Number.isInteger(code) && code >= 400 && code <= 599 ? code : 500
}

function parse(data: string): unknown {
  try {
    return JSON.parse(data)
  } catch (error) {
    if (error instanceof SyntaxError) throw new UnreadableAnswer('an event of it is no JSON')
    throw error
  }
}

function members(): Members {
  return Object.create(null) as Members
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
