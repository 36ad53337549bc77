import { readFile } from 'node:fs/promises'
import { z } from 'zod'
import { replaceDurable } from '../lib/replace-durable.ts'
import { systemCode } from '../lib/system-reason.ts'
import type { StateDirectory } from './state-directory.ts'

const schema = z.object({
  version: z.string(),
  pid: z.int(),
  /** Milliseconds since the epoch. */
  startedAt: z.number(),
  /** Where clients reach it: `http://127.0.0.1:8080`, `unix:/path`. */
  listen: z.string(),
  adminSocket: z.string(),
})

/** What a daemon says of itself in its state directory, for the commands that look for it. */
export type DaemonFacts = Readonly<z.infer<typeof schema>>

export async function writeDaemonFile(directory: StateDirectory, facts: DaemonFacts): Promise<void> {
  await replaceDurable(directory.daemonFile, `${JSON.stringify(facts)}\n`)
}

/** Null when no daemon has written one, or what stands there is not one. It may outlive its daemon. */
export async function readDaemonFile(directory: StateDirectory): Promise<DaemonFacts | null> {
  let text: string
  try {
    text = await readFile(directory.daemonFile, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw error
  }
  try {
    return schema.safeParse(JSON.parse(text)).data ?? null
  } catch {
    return null
  }
}
