import { UnreadableAnswer } from '../dialects/dialect.ts'
import { createMeasure, isMembers, members } from './gathering.ts'
import type { Gatherer, Members } from './gathering.ts'

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
export function gatherMessage(): Gatherer {
  const whole = members()
  const blocks = new Map<unknown, Block>()
  const count = createMeasure()

  return {
    event({ type, message, index, content_block: block, delta, usage }) {
      switch (type) {
        case 'message_start':
          if (isMembers(message)) Object.assign(whole, message)
          return null
        case 'content_block_start':
          if (isMembers(block)) begin(index, block)
          return null
        case 'content_block_delta':
          if (isMembers(delta)) grow(blocks.get(index), delta)
          return null
        case 'message_delta':
          if (isMembers(delta)) Object.assign(whole, delta)
          if (isMembers(usage)) whole['usage'] = { ...usageOf(whole), ...usage }
          return null
        case 'message_stop':
          return textOfAll()
        default:
          return null
      }
    },
  }

  function textOfAll(): string {
    const content = [...blocks.values()].map(textOf).join(',')
    const { content: _, ...message } = whole
    return `${JSON.stringify(message).slice(0, -1)},"content":[${content}]}`
  }

  function begin(index: unknown, { input, ...block }: Members): void {
    count(JSON.stringify(block).length)
    const isTool = block['type'] === 'tool_use' || input !== undefined
    blocks.set(index, { members: Object.assign(members(), block), input: isTool ? '' : null })
  }

  function grow(block: Block | undefined, delta: Members): void {
    if (block === undefined) throw new UnreadableAnswer('a part of it grows that has not begun')
    const { type, partial_json: json } = delta
    if (typeof json === 'string') {
      count(json.length)
      block.input = (block.input ?? '') + json
      return
    }
    const name = typeof type === 'string' ? GROWING[type] : undefined
    const more = name === undefined ? undefined : delta[name]
    if (name === undefined || typeof more !== 'string') return
    count(more.length)
    const before = block.members[name]
    block.members[name] = typeof before === 'string' ? before + more : more
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
