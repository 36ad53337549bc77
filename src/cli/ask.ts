import type { Client, Message } from './client.ts'
import type { Job } from './job.ts'
import { refusalIn } from './problem.ts'
import { forTerminal, paint } from './render/paint.ts'
import { watchLoad } from './watch-load.ts'

export interface Asked {
  /** As far as it came; without what the model thought on the way. */
  readonly answer: string
  /** `cut`: the signal ended it. */
  readonly end: 'whole' | 'cut'
}

/**
 * Asks a model and prints its answer as it comes; with --json each chunk on a line. `signal` ends this answer alone. A
 * refusal is thrown, also one that comes in the middle of the answer.
 */
export async function ask(
  job: Job,
  client: Client,
  model: string,
  messages: readonly Message[],
  signal?: AbortSignal,
): Promise<Asked> {
  const chunks = client.chat(model, messages, signal)[Symbol.asyncIterator]()
  const printer = createPrinter(job)
  try {
    let next = await watchLoad(job, client, model, chunks.next())
    for (; !next.done; next = await chunks.next()) {
      const chunk = readChunk(next.value)
      if (job.options.json) job.printJson(chunk)
      else printer.print(deltaOf(chunk))
    }
    return { answer: printer.answer(), end: 'whole' }
  } catch (error) {
    if (signal?.aborted !== true) throw error
    return { answer: printer.answer(), end: 'cut' }
  } finally {
    printer.end()
  }
}

interface Printer {
  print(delta: Delta): void
  answer(): string
  /** What follows stands on a line of its own. */
  end(): void
}

/** On a terminal what a model thinks before it answers is shown too, apart from the answer. */
function createPrinter(job: Job): Printer {
  const isTerminal = job.look.width !== null
  let answer = ''
  let last = ''
  let isThinking = false
  const write = (text: string, shown: string): void => {
    job.print(shown)
    last = text
  }
  return {
    print({ content, thought }) {
      if (thought !== '' && isTerminal) {
        isThinking = true
        write(thought, paint(forTerminal(thought), 'quiet', job.look))
      }
      if (content === '') return
      if (isThinking) write('\n', last.endsWith('\n') ? '\n' : '\n\n')
      isThinking = false
      answer += content
      write(content, isTerminal ? forTerminal(content) : content)
    },
    answer: () => answer,
    end() {
      if (last !== '' && !last.endsWith('\n')) write('\n', '\n')
    },
  }
}

function readChunk(data: string): unknown {
  const chunk: unknown = JSON.parse(data)
  const refusal = refusalIn(chunk)
  if (refusal) throw refusal
  return chunk
}

interface Delta {
  readonly content: string
  readonly thought: string
}

/** `choices[0].delta`; empty texts for chunks that carry something else. */
function deltaOf(chunk: unknown): Delta {
  const { choices } = chunk as { readonly choices?: readonly { readonly delta?: Record<string, unknown> }[] }
  const { content, reasoning_content: thought } = choices?.[0]?.delta ?? {}
  return { content: typeof content === 'string' ? content : '', thought: typeof thought === 'string' ? thought : '' }
}
