import { createInterface } from 'node:readline'

import { ask } from './ask.ts'
import type { Client, Message } from './client.ts'
import type { Job } from './job.ts'

/**
 * Talks with a model, line by line, until the person leaves: `/bye`, end of input or Ctrl-C, which cuts an answer that
 * still runs. Leaving is no failure. What is typed during an answer is asked after it.
 */
export async function chat(job: Job, client: Client, model: string): Promise<void> {
  const lines = createInterface({ input: job.world.stdin, output: job.world.stdout, prompt: '> ', signal: job.signal })
  const left = new Promise<null>((resolve) => lines.once('close', () => resolve(null)))
  // The terminal is in raw mode here, so that Ctrl-C is a key and no signal.
  lines.on('SIGINT', () => lines.close())
  const messages: Message[] = []
  try {
    job.note(`Talking with ${model}. /bye or Ctrl-D ends it.`)
    lines.prompt()
    for await (const line of lines) {
      const content = line.trim()
      if (content === '/bye') return
      if (content !== '') {
        messages.push({ role: 'user', content })
        const answer = await Promise.race([ask(job, client, model, messages), left])
        if (answer === null) return
        messages.push({ role: 'assistant', content: answer })
      }
      lines.prompt()
    }
  } finally {
    lines.close()
  }
  job.signal.throwIfAborted()
}
