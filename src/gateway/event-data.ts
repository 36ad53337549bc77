import { StringDecoder } from 'node:string_decoder'
import type { Bytes } from '../core/index.ts'
import { UnreadableAnswer } from './dialects/dialect.ts'

/** One event of an engine: a token with what engines put around it, a thousand times over. */
const MAX_EVENT: Bytes = 1024 * 1024
const FIELD = 'data:'

/** The `data` of an event stream that comes in pieces. Engines write each event's on one line. */
export class EventData {
  /** A character may stand in two pieces. */
  readonly #decoder = new StringDecoder('utf8')
  #line = ''

  /** Throws UnreadableAnswer for an event without an end. */
  take(bytes: Buffer): readonly string[] {
    const lines = (this.#line + this.#decoder.write(bytes)).split('\n')
    this.#line = lines.pop() ?? ''
    if (this.#line.length > MAX_EVENT) throw new UnreadableAnswer('one of its events has no end')
    return lines.flatMap(dataOf)
  }

  /** What stands behind the last line's end. */
  rest(): readonly string[] {
    const line = this.#line
    this.#line = ''
    return dataOf(line)
  }
}

/** Names of events, comments and the empty lines between say nothing here. */
function dataOf(line: string): readonly string[] {
  return line.startsWith(FIELD) ? [line.slice(FIELD.length).trim()] : []
}
