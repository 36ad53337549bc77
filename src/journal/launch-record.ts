import { z } from 'zod'
import type { LaunchRecord } from '../core/index.ts'

/** Unknown keys are left out: a newer version may have written them. */
const schema = z.object({
  instance: z.string().min(1),
  model: z.string().min(1),
  identity: z.object({
    nonce: z.string().min(1),
    bootId: z.string(),
    leader: z.object({ pid: z.int().positive(), startTime: z.string() }).nullable(),
  }),
  claims: z.array(
    z.object({ device: z.string(), bytes: z.int().nonnegative(), origin: z.enum(['declared', 'learned', 'formula']) }),
  ),
  startedAt: z.number(),
  argv: z.array(z.string()),
  end: z
    .object({
      stop: z.object({
        command: z.array(z.string()).exactOptional(),
        signal: z.enum(['SIGTERM', 'SIGINT', 'SIGQUIT', 'SIGHUP']),
        repeatAfter: z.number().nullable(),
        grace: z.number(),
      }),
      cwd: z.string(),
    })
    .exactOptional(),
  sharedMemory: z.array(z.object({ path: z.string(), inode: z.string() })).exactOptional(),
})

export function formatLaunch(record: LaunchRecord): string {
  return `${JSON.stringify(record)}\n`
}

/** The record, or why the text is not one. */
export function parseLaunch(text: string): LaunchRecord | { readonly why: string } {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return { why: 'it is not JSON' }
  }
  const result = schema.safeParse(value)
  if (result.success) return result.data
  const issue = result.error.issues[0]
  return { why: issue ? `${issue.path.join('.') || 'it'}: ${issue.message}` : 'it is not a launch record' }
}
