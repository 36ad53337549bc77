import { EnginehouseError, quote } from '../../core/index.ts'
import { ask } from '../ask.ts'
import { chat } from '../chat.ts'
import type { Client } from '../client.ts'
import type { Register } from '../command.ts'
import type { Job } from '../job.ts'
import { readStdin } from '../read-stdin.ts'
import { DaemonError } from '../problem.ts'
import { isGgufFile, isGgufName, withPrivateDaemon } from '../run-file.ts'

export const run: Register = (program, act) => {
  program
    .command('run')
    .summary('ask a model or a GGUF file, or chat with it')
    .description('ask a model, or a GGUF file without any manifest; without a prompt chat with it')
    .argument('<model|file.gguf>')
    .argument('[prompt...]', 'the question; what is piped in follows it')
    .action(
      act(async (job, subject: string, words: readonly string[]) => {
        const prompt = await readPrompt(job, words)
        if (await isGgufFile(subject)) {
          return withPrivateDaemon(job, subject, (client, model) => talk(job, client, model, prompt))
        }
        return talk(job, await job.client(), subject, prompt).catch((error: unknown) => {
          throw isMissingFile(error, subject) ? noSuchFile(error, subject) : error
        })
      }),
    )
}

/** A path that leads nowhere is asked for as a model, and reported as what it was meant to be. */
function isMissingFile(error: unknown, subject: string): error is DaemonError {
  return error instanceof DaemonError && error.problem.code === 'model_not_found' && isGgufName(subject)
}

function noSuchFile({ problem }: DaemonError, subject: string): DaemonError {
  return new DaemonError({
    ...problem,
    message: `There is no file ${quote(subject)}, and no model of that name.`,
    next: `Give the path to a GGUF file, or a model that \`enginehouse ls\` shows.`,
  })
}

/** Null where there is a person to talk with. */
async function readPrompt(job: Job, words: readonly string[]): Promise<string | null> {
  const { stdin } = job.world
  const typed = words.join(' ')
  const piped = stdin.isTTY ? '' : await readStdin(stdin, job.signal)
  const prompt = [typed, piped].filter((part) => part.trim() !== '').join('\n\n')
  if (prompt !== '') return prompt
  if (stdin.isTTY) return null
  throw new EnginehouseError('usage', { why: 'There is no prompt: write one after MODEL, or pipe one in.' })
}

async function talk(job: Job, client: Client, model: string, prompt: string | null): Promise<void> {
  if (prompt === null) return chat(job, client, model)
  await ask(job, client, model, [{ role: 'user', content: prompt }])
}
