import { UnreadableAnswer } from './dialects/dialect.ts'
import { EventData } from './event-data.ts'
import { failureOf, isMembers, members, readEvent } from './gathering.ts'
import type { Gathered, Gathering, Members } from './gathering.ts'
import { MAX_GATHERED } from './limits.ts'

/** What of a delta grows, by the delta's type. */
const GROWING: Readonly<Record<string, string>> = {
  text_delta: 'text',
  thinking_delta: 'thinking',
  signature_delta: 'signature',
}

interface Block {
  readonly members: Members
  /** A tool's input as it was written: parsing it would alter numbers above 2^53. */
  input: string | null
}

/** Of Anthropic's Messages: a message that begins, blocks that grow beside each other, how it ended. */
export class MessageGathering implements Gathering {
  readonly #data = new EventData()
  readonly #message = members()
  readonly #blocks = new Map<unknown, Block>()
  #size = 0
  #done = false
  #failure: Gathered | null = null

  take(bytes: Buffer): void {
    for (const data of this.#data.take(bytes)) this.#read(data)
  }

  end(): Gathered | null {
    for (const data of this.#data.rest()) this.#read(data)
    if (this.#failure !== null) return this.#failure
    if (!this.#done) return null
    const content = [...this.#blocks.values()].map(textOf).join(',')
    const { content: _, ...message } = this.#message
    return { status: 200, body: `${JSON.stringify(message).slice(0, -1)},"content":[${content}]}` }
  }

  #read(data: string): void {
    if (this.#done || this.#failure !== null) return
    const event = readEvent(data)
    if (event === null) return
    const { type, message, index, content_block: block, delta, usage } = event
    switch (type) {
      case 'message_start':
        if (isMembers(message)) Object.assign(this.#message, message)
        return
      case 'content_block_start':
        if (isMembers(block)) this.#begin(index, block)
        return
      case 'content_block_delta':
        if (isMembers(delta)) this.#grow(this.#blocks.get(index), delta)
        return
      case 'message_delta':
        if (isMembers(delta)) Object.assign(this.#message, delta)
        if (isMembers(usage)) this.#message['usage'] = { ...usageOf(this.#message), ...usage }
        return
      case 'message_stop':
        this.#done = true
        return
      default:
        this.#failure = failureOf(event, data)
    }
  }

  #begin(index: unknown, { input, ...block }: Members): void {
    this.#count(JSON.stringify(block).length)
    const isTool = block['type'] === 'tool_use' || input !== undefined
    this.#blocks.set(index, { members: Object.assign(members(), block), input: isTool ? '' : null })
  }

  #grow(block: Block | undefined, delta: Members): void {
    if (block === undefined) throw new UnreadableAnswer('a part of it grows that has not begun')
    const { type, partial_json: json } = delta
    if (typeof json === 'string') {
      this.#count(json.length)
      block.input = (block.input ?? '') + json
      return
    }
    const name = typeof type === 'string' ? GROWING[type] : undefined
    const more = name === undefined ? undefined : delta[name]
    if (name === undefined || typeof more !== 'string') return
    this.#count(more.length)
    const before = block.members[name]
    block.members[name] = typeof before === 'string' ? before + more : more
  }

  #count(size: number): void {
    this.#size += size
    if (this.#size > MAX_GATHERED) throw new UnreadableAnswer('it is too long to be gathered')
  }
}

function usageOf({ usage }: Members): Members {
  return isMembers(usage) ? usage : members()
}

function textOf({ members: block, input }: Block): string {
  const text = JSON.stringify(block)
  if (input === null) return text
  // Cut off by a limit it is no JSON; the engine's plain answer has an empty object then.
  return `${text.slice(0, -1)},"input":${isObject(input) ? input : '{}'}}`
}

function isObject(text: string): boolean {
  try {
    return isMembers(JSON.parse(text))
  } catch (error) {
    if (error instanceof SyntaxError) return false
    throw error
  }
}
