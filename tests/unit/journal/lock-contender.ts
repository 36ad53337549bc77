import { createInterface } from 'node:readline'
import { EnginehouseError } from '../../../src/core/index.ts'
import { acquireLock, stateDirectoryAt } from '../../../src/journal/index.ts'
import type { Lock } from '../../../src/journal/index.ts'

/*
 * A process that competes for locks, one command per line: `take DIRECTORY TIMES` asks so many times at once and
 * answers with the number of times it won and the codes of the refusals; `release` gives back. Ends with its input.
 */
let held: Lock[] = []

console.log('up')
for await (const line of createInterface({ input: process.stdin })) {
  const [command, directory = '', times = '1'] = line.split(' ')
  if (command === 'take') console.log(JSON.stringify(await take(directory, Number(times))))
  if (command === 'release') {
    for (const lock of held) await lock.release()
    held = []
    console.log('released')
  }
}

async function take(directory: string, times: number): Promise<{ won: number; refused: readonly string[] }> {
  const state = stateDirectoryAt(directory, {})
  const results = await Promise.allSettled(Array.from({ length: times }, () => acquireLock(state)))
  held = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []))
  const refused = results.flatMap((result) => (result.status === 'rejected' ? [codeOf(result.reason)] : []))
  return { won: held.length, refused }
}

function codeOf(error: unknown): string {
  return error instanceof EnginehouseError ? error.code : String(error)
}
