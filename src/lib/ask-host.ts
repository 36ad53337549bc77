import { execa } from 'execa'

/** A small program of the host that says one thing and ends. */
const ANSWER_WITHIN_MS = 30_000

export interface HostQuestion {
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  /** Complete; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  readonly signal: AbortSignal
}

/** What the program says on stdout, trimmed; null when it is not there or does not end well. Rejects when aborted. */
export async function askHost({ argv: [program, ...args], cwd, env, signal }: HostQuestion): Promise<string | null> {
  const result = await execa(program, args, {
    cwd,
    env,
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
    stderr: 'ignore',
    timeout: ANSWER_WITHIN_MS,
    cancelSignal: signal,
  })
  signal.throwIfAborted()
  return result.exitCode === 0 ? result.stdout.trim() : null
}
