import { createInterface, type Interface } from 'node:readline'

import { EXIT } from '../core/index.ts'
import { ask } from './ask.ts'
import type { Client, Message } from './client.ts'
import type { Job } from './job.ts'
import { DaemonError, renderProblem } from './problem.ts'

const HINT = 'Ctrl-C ends an answer; /clear forgets what was said; /bye or Ctrl-D leaves.'

/**
 * Talks with a model, line by line, until the person leaves: `/bye` or the end of the input, which is no failure.
 * Ctrl-C ends the answer that runs and nothing else. What is typed during an answer is asked after it. An answer that
 * fails is told and forgotten, and the talk goes on; without the model or the daemon there is none.
 */
export async function chat(job: Job, client: Client, model: string): Promise<void> {
  const { id, phase } = await client.model(model)
  const lines = createInterface({ input: job.world.stdin, output: job.world.stdout, prompt: '> ', signal: job.signal })
  const talk = createTalk(job, client, id)
  // The terminal is in raw mode here, so that Ctrl-C is a key and no signal.
  lines.on('SIGINT', () => {
    if (!talk.cut()) clearLine(job, lines)
  })
  lines.once('close', talk.cut)
  try {
    job.note(
      `Talking with ${id}${phase === 'ready' ? '' : `, which is ${phase}: the first answer waits for its load`}.`,
    )
    job.note(HINT)
    lines.prompt()
    for await (const line of lines) {
      const content = line.trim()
      if (content === '/bye') return
      if (content === '/clear') talk.forget()
      else if (content !== '') await talk.say(content)
      lines.prompt()
    }
  } finally {
    lines.close()
  }
  job.signal.throwIfAborted()
}

function clearLine(job: Job, lines: Interface): void {
  job.print('\n')
  if (lines.line === '') job.note(HINT)
  lines.write(null, { ctrl: true, name: 'e' })
  lines.write(null, { ctrl: true, name: 'u' })
  lines.prompt()
}

interface Talk {
  say(content: string): Promise<void>
  forget(): void
  /** False when no answer was running. */
  cut(): boolean
}

function createTalk(job: Job, client: Client, model: string): Talk {
  const messages: Message[] = []
  let running: AbortController | null = null
  return {
    async say(content) {
      messages.push({ role: 'user', content })
      running = new AbortController()
      try {
        const { answer, end } = await ask(job, client, model, messages, running.signal)
        // A question without an answer would be answered together with the next one.
        if (answer === '') messages.pop()
        else messages.push({ role: 'assistant', content: answer })
        if (end === 'cut') job.note('(ended here)')
      } catch (error) {
        if (!(error instanceof DaemonError) || error.problem.exit !== EXIT.failed) throw error
        messages.pop()
        job.world.stderr.write(renderProblem(error.problem, job.errorLook))
      } finally {
        running = null
      }
    },
    forget: () => void messages.splice(0),
    cut() {
      if (running === null) return false
      running.abort()
      return true
    },
  }
}
