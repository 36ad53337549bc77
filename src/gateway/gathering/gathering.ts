import type { IncomingHttpHeaders } from 'node:http'
import { UnreadableAnswer } from '../dialects/dialect.ts'
import { EventData } from '../event-data.ts'
import { MAX_GATHERED } from '../limits.ts'

const ONLY_OF_STREAMS: ReadonlySet<string> = new Set(['content-type', 'x-accel-buffering', 'cache-control'])

export interface Gathered {
  readonly status: number
  readonly body: string
}

/** Without a prototype: an engine's names are names, whatever they are. */
export type Members = Record<string, unknown>

/** How the events of one protocol become the answer that the engine gives when it is asked for no stream. */
export interface Gatherer {
  /** The answer, once this was its last event; null before. Throws UnreadableAnswer. */
  event(event: Members): string | null
  /** The same at `[DONE]`, for a protocol that ends in it. */
  done?(): string
}

/** A streamed answer on its way to be a whole one. */
export class Gathering {
  readonly #data = new EventData()
  readonly #gatherer: Gatherer
  #gathered: Gathered | null = null

  constructor(gatherer: Gatherer) {
    this.#gatherer = gatherer
  }

  /** Throws UnreadableAnswer. */
  take(bytes: Buffer): void {
    for (const data of this.#data.take(bytes)) this.#read(data)
  }

  /** Null when the stream stopped short of its end. Throws UnreadableAnswer. */
  end(): Gathered | null {
    for (const data of this.#data.rest()) this.#read(data)
    return this.#gathered
  }

  #read(data: string): void {
    if (this.#gathered !== null) return
    const { done } = this.#gatherer
    if (data === '[DONE]' && done !== undefined) {
      this.#gathered = { status: 200, body: done() }
      return
    }
    const event = parse(data)
    // llama-server says it where it has nothing to say yet.
    if (event === null) return
    if (!isMembers(event)) throw new UnreadableAnswer('an event of it is no object')
    const { error } = event
    if (error !== undefined && error !== null) {
      this.#gathered = { status: statusOf(error), body: data }
      return
    }
    const body = this.#gatherer.event(event)
    if (body !== null) this.#gathered = { status: 200, body }
  }
}

/** Counts what an answer holds, so that none grows without bound. Throws UnreadableAnswer. */
export function createMeasure(): (size: number) => void {
  let held = 0
  return (size) => {
    held += size
    if (held > MAX_GATHERED) throw new UnreadableAnswer('it is too long to be gathered')
  }
}

/** The head of a stream as that of one JSON answer. */
export function wholeHead(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  const kept = Object.entries(headers).filter(([name]) => !ONLY_OF_STREAMS.has(name))
  return { ...Object.fromEntries(kept), 'content-type': 'application/json; charset=utf-8' }
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
