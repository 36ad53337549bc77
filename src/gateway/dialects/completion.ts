import type { Asked } from '../asked.ts'
import { EventData } from '../event-data.ts'
import { MAX_HELD } from '../limits.ts'
import { UnreadableAnswer } from './dialect.ts'
import type { AnswerTranslation } from './dialect.ts'

/** The engine's route that the text dialects are translated to. */
export const COMPLETIONS = '/v1/completions'
/** New tokens where a client does not say: what text-generation servers have, and not as much as the context holds. */
export const DEFAULT_NEW_TOKENS = 100

/** What a completion came to, whichever way it arrived. */
export interface Completion {
  readonly text: string
  /** `stop`, `length` or what else the engine says; null where it does not. */
  readonly finish: string | null
  /** The stop text that ended it, where the engine tells. */
  readonly stoppedBy: string | null
  readonly promptTokens: number | null
  readonly completionTokens: number | null
}

/** How a dialect writes one. Each result is one JSON value. */
export interface CompletionWriter {
  whole(completion: Completion): unknown
  /** One piece of text of a stream; `index` counts from 1. */
  token(text: string, index: number): unknown
  /** The last event of a stream. */
  last(completion: Completion, index: number): unknown
}

/** A body of the engine's route, from members as they stand; those that are null are left out. */
export function completionBody(members: Readonly<Record<string, string | null>>, stream: boolean): Asked {
  const given = Object.entries(members).flatMap(([name, raw]) => (raw === null ? [] : [`"${name}":${raw}`]))
  if (stream) given.push('"stream":true', '"stream_options":{"include_usage":true}')
  const body = Buffer.from(`{${given.join(',')}}`)
  const places = { modelAt: null, streamAt: null, inside: 1, empty: given.length === 0 }
  return { body, boundary: null, model: null, stream, streamable: true, ...places }
}

export function translateCompletion(writer: CompletionWriter): AnswerTranslation {
  const stream = new CompletionStream(writer)
  return {
    whole(body) {
      const answer = parse(body.toString('utf8'))
      const [choice] = arrayOf(answer['choices'])
      if (choice === undefined || typeof choice['text'] !== 'string') throw new UnreadableAnswer('it has no text')
      return JSON.stringify(writer.whole({ text: choice['text'], ...endOf(choice), ...usageOf(answer) }))
    },
    piece: (bytes) => stream.take(bytes),
    end: () => stream.end(),
  }
}

class CompletionStream {
  readonly #writer: CompletionWriter
  readonly #data = new EventData()
  #text = ''
  #index = 0
  #ending: Pick<Completion, 'finish' | 'stoppedBy'> = { finish: null, stoppedBy: null }
  #usage: Pick<Completion, 'promptTokens' | 'completionTokens'> = { promptTokens: null, completionTokens: null }
  /** `done`: the engine said that this was all. `failed`: it said that there will be no more, and why. */
  #state: 'open' | 'done' | 'failed' = 'open'

  constructor(writer: CompletionWriter) {
    this.#writer = writer
  }

  take(bytes: Buffer): string {
    return this.#readAll(this.#data.take(bytes))
  }

  end(): string | null {
    this.#readAll(this.#data.rest())
    if (this.#state === 'failed') return ''
    if (this.#state === 'open' && this.#ending.finish === null) return null
    const completion = { text: this.#text, ...this.#ending, ...this.#usage }
    return eventOf(this.#writer.last(completion, this.#index + 1))
  }

  #readAll(events: readonly string[]): string {
    return events.map((data) => this.#read(data)).join('')
  }

  #read(data: string): string {
    if (this.#state !== 'open') return ''
    if (data === '[DONE]') {
      this.#state = 'done'
      return ''
    }
    const event = parse(data)
    if (event['error'] !== undefined) {
      this.#state = 'failed'
      return `data: ${data}\n\n`
    }
    const usage = usageOf(event)
    if (usage.promptTokens !== null || usage.completionTokens !== null) this.#usage = usage
    return arrayOf(event['choices'])
      .map((choice) => this.#choose(choice))
      .join('')
  }

  #choose(choice: Members): string {
    if (choice['finish_reason'] !== null && choice['finish_reason'] !== undefined) this.#ending = endOf(choice)
    const text = choice['text']
    if (typeof text !== 'string' || text === '') return ''
    this.#text += text
    if (this.#text.length > MAX_HELD) throw new UnreadableAnswer('it is too long to be told whole at its end')
    return eventOf(this.#writer.token(text, ++this.#index))
  }
}

type Members = Readonly<Record<string, unknown>>

function eventOf(value: unknown): string {
  return `data: ${JSON.stringify(value)}\n\n`
}

function endOf(choice: Members): Pick<Completion, 'finish' | 'stoppedBy'> {
  const { finish_reason: finish, stop_reason: stoppedBy } = choice
  return {
    finish: typeof finish === 'string' ? finish : null,
    stoppedBy: typeof stoppedBy === 'string' ? stoppedBy : null,
  }
}

function usageOf(answer: Members): Pick<Completion, 'promptTokens' | 'completionTokens'> {
  const usage = isMembers(answer['usage']) ? answer['usage'] : {}
  return { promptTokens: countOf(usage['prompt_tokens']), completionTokens: countOf(usage['completion_tokens']) }
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' ? value : null
}

function arrayOf(value: unknown): readonly Members[] {
  return Array.isArray(value) ? value.filter(isMembers) : []
}

function parse(text: string): Members {
  try {
    const value: unknown = JSON.parse(text)
    if (isMembers(value)) return value
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
  }
  throw new UnreadableAnswer('it is not the JSON of a completion')
}

function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
