import { createInterface } from 'node:readline/promises'

import { EnginehouseError } from '../core/index.ts'
import type { Job } from './job.ts'

/** Asks on a terminal, on stderr; --yes is a yes. Throws usage where there is nobody to ask. */
export async function confirm(job: Job, question: string): Promise<boolean> {
  if (job.options.yes) return true
  const { stdin, stderr } = job.world
  if (stdin.isTTY !== true) {
    throw new EnginehouseError('usage', {
      why: 'This asks before it changes anything, and there is no terminal: give --yes.',
    })
  }
  const lines = createInterface({ input: stdin, output: stderr })
  try {
    const answer = await Promise.race([
      lines.question(`${question} [y/N] `, { signal: job.signal }),
      new Promise<string>((resolve) => lines.once('close', () => resolve(''))),
    ])
    return /^y(es)?$/i.test(answer.trim())
  } finally {
    lines.close()
  }
}
