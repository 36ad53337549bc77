import { Argument } from 'commander'

import type { Register } from '../command.ts'
import type { Client } from '../client.ts'
import { deviceName } from '../render/words.ts'

const SHELLS = ['bash', 'zsh', 'fish'] as const

/** The scripts ask it for words that only the daemon knows; they know nothing of its output but lines. */
export const WORDS_COMMAND = '__words'

/** A shell waits for it at every Tab. */
const ASK_TIMEOUT = 1000

export const completion: Register = (program, act) => {
  program
    .command('completion')
    .summary('the completion script of a shell')
    .description('print the completion script of a shell')
    .addArgument(new Argument('<shell>').choices(SHELLS))
    .action(
      act(async (job, shell: (typeof SHELLS)[number]) => {
        const [{ completionTree }, { script }] = await Promise.all([
          import('../completion/tree.ts'),
          import('../completion/scripts.ts'),
        ])
        const text = script(shell, completionTree(program), WORDS_COMMAND)
        if (job.options.json) job.printJson({ shell, script: text })
        else job.print(text)
      }),
    )
  program
    .command(WORDS_COMMAND, { hidden: true })
    .argument('<kind>')
    .action(
      act(async (job, kind: string) => {
        const words = await Promise.race([wordsOf(kind, job.client()), late(job.signal)])
        job.print(words.map((word) => `${word}\n`).join(''))
      }),
    )
}

/** A line that is being typed shows no errors: without a daemon there is nothing to offer. */
async function wordsOf(kind: string, connecting: Promise<Client>): Promise<readonly string[]> {
  try {
    const client = await connecting
    if (kind === 'models') return (await client.models()).flatMap(({ id, aliases }) => [id, ...aliases])
    if (kind !== 'devices') return []
    const devices = await client.devices()
    return devices.flatMap(({ id }) => [...new Set([id, deviceName(id, devices).replace('GPU ', '')])])
  } catch {
    return []
  }
}

function late(signal: AbortSignal): Promise<readonly string[]> {
  return new Promise((resolve) => {
    const over = AbortSignal.any([signal, AbortSignal.timeout(ASK_TIMEOUT)])
    over.addEventListener('abort', () => resolve([]), { once: true })
  })
}
