import type { IncomingHttpHeaders } from 'node:http'
import { UnreadableAnswer } from './dialects/dialect.ts'
import { EventData } from './event-data.ts'
import { MAX_GATHERED } from './limits.ts'

/** What an object in an answer counts for beside its text. */
const OBJECT = 64
const ONLY_OF_STREAMS: ReadonlySet<string> = new Set(['content-type', 'x-accel-buffering', 'cache-control'])
/** Of a delta that are said once; all other text grows. */
const SAID_ONCE: ReadonlySet<string> = new Set(['role', 'id', 'type', 'name'])

export interface Gathered {
  readonly status: number
  readonly body: string
}

/** A streamed answer on its way to be the one that the engine gives when it is asked for no stream. */
export interface Gathering {
  /** Throws UnreadableAnswer. */
  take(bytes: Buffer): void
  /** Null when the stream stopped short of its end. Throws UnreadableAnswer. */
  end(): Gathered | null
}

/** Without a prototype: an engine's names are names, whatever they are. */
export type Members = Record<string, unknown>

interface Choice {
  readonly members: Members
  /** Null where the choice is text by itself. */
  message: Members | null
  readonly calls: Map<number, Members>
}

/** The head of a stream as that of one JSON answer. */
export function wholeHead(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !ONLY_OF_STREAMS.has(name))
  return { ...Object.fromEntries(kept), 'content-type': 'application/json; charset=utf-8' }
}

/**
 * Of chat and completions. What stands beside the choices is that of the first one, as engines have it; members that nobody here knows are kept.
 */
export class ChoiceGathering implements Gathering {
  readonly #data = new EventData()
  readonly #beside = members()
  readonly #choices = new Map<number, Choice>()
  /** Whose choice came last: an event without one belongs to the same. */
  #last = 0
  #size = 0
  /** The engine said that this was all. */
  #done = false
  #failure: Gathered | null = null

  take(bytes: Buffer): void {
    for (const data of this.#data.take(bytes)) this.#read(data)
  }

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
    const event = readEvent(data)
    if (event === null) return
    this.#failure = failureOf(event, data)
    if (this.#failure !== null) return
    const { choices, ...beside } = event
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

/** Null: it says nothing, as llama-server does where it has nothing to say yet. Throws UnreadableAnswer. */
export function readEvent(data: string): Members | null {
  const event = parse(data)
  if (event === null) return null
  if (!isMembers(event)) throw new UnreadableAnswer('an event of it is no object')
  return event
}

/** The engine's error, where the event is one. */
export function failureOf({ error }: Members, data: string): Gathered | null {
  return error === undefined ? null : { status: statusOf(error), body: data }
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

export function members(): Members {
  return Object.create(null) as Members
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
