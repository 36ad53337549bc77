import type { Client, Message } from './client.ts'
import type { Job } from './job.ts'
import { refusalIn } from './problem.ts'
import { forTerminal } from './render/paint.ts'
import { watchLoad } from './watch-load.ts'

/**
 * Asks a model, prints its answer as it comes (with --json each chunk on a line) and resolves with the whole text.
 * A refusal is thrown, also one that comes in the middle of the answer.
 */
export async function ask(job: Job, client: Client, model: string, messages: readonly Message[]): Promise<string> {
  const chunks = client.chat(model, messages)[Symbol.asyncIterator]()
  let answer = ''
  try {
    let next = await watchLoad(job, client, model, chunks.next())
    for (; !next.done; next = await chunks.next()) {
      const chunk = readChunk(next.value)
      if (job.options.json) job.printJson(chunk)
      else answer += show(job, textOf(chunk))
    }
  } finally {
    // What follows on the terminal starts on a line of its own.
    if (answer !== '' && !answer.endsWith('\n')) job.print('\n')
  }
  return answer
}

function show(job: Job, text: string): string {
  if (text !== '') job.print(job.look.width === null ? text : forTerminal(text))
  return text
}

function readChunk(data: string): unknown {
  const chunk: unknown = JSON.parse(data)
  const refusal = refusalIn(chunk)
  if (refusal) throw refusal
  return chunk
}

/** `choices[0].delta.content`; empty for chunks that carry something else. */
function textOf(chunk: unknown): string {
  const { choices } = chunk as { readonly choices?: readonly { readonly delta?: { readonly content?: unknown } }[] }
  const content = choices?.[0]?.delta?.content
  return typeof content === 'string' ? content : ''
}
