import { realpath, stat } from 'node:fs/promises'

import { execa } from 'execa'

import type { Millis } from '../core/index.ts'
import { allowedEnvironment } from './environment.ts'

/** vLLM imports its libraries before it says anything: 9 s on an idle host, a minute on a busy one. */
const TIMEOUT: Millis = 120_000
/** The longest help that is known has 155 kB; what says more is not saying what it was asked. */
const OUTPUT_MAX = 2 * 1024 * 1024

export interface ProgramQuestion {
  /** Absolute path. */
  readonly program: string
  readonly args: readonly string[]
  /** What an engine may see of it is what the program sees. */
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

export interface ProgramAnswer {
  /** Both streams, as much as is kept. Empty for a program that could not be started. */
  readonly text: string
  /** Why it did not end well; null when it did. */
  readonly problem: string | null
}

/** By question, and by time and size of the file, which an update changes. */
const answers = new Map<string, Promise<ProgramAnswer>>()

/**
 * Runs a program that says something of itself and ends: without a shell, with the environment of an engine, for a
 * bounded time. The same question of the same file is asked once in the life of this process, unless it went wrong.
 * Rejects only when the signal aborts.
 */
export async function askProgram(question: ProgramQuestion): Promise<ProgramAnswer> {
  const key = await identityOf(question)
  const known = key === null ? undefined : answers.get(key)
  if (known) return known
  const asked = run(question)
  if (key !== null) {
    answers.set(key, asked)
    const forget = (): void => void answers.delete(key)
    asked.then(({ problem }) => problem !== null && forget(), forget)
  }
  return asked
}

async function identityOf({ program, args }: ProgramQuestion): Promise<string | null> {
  try {
    const path = await realpath(program)
    const { mtimeMs, size } = await stat(path)
    return JSON.stringify([program, path, mtimeMs, size, args])
  } catch {
    // The run says what is wrong with it.
    return null
  }
}

async function run({ program, args, environment, signal }: ProgramQuestion): Promise<ProgramAnswer> {
  const result = await execa(program, args, {
    all: true,
    cancelSignal: signal,
    env: allowedEnvironment(environment, 'engine'),
    extendEnv: false,
    maxBuffer: OUTPUT_MAX,
    reject: false,
    stdin: 'ignore',
    timeout: TIMEOUT,
  })
  signal.throwIfAborted()
  const text = (result.all ?? '').slice(0, OUTPUT_MAX)
  if (!result.failed) return { text, problem: null }
  return { text, problem: whyOf(result) }
}

interface Failure {
  readonly timedOut: boolean
  readonly isMaxBuffer: boolean
  readonly exitCode?: number | undefined
  readonly signal?: string | undefined
  readonly code?: string | undefined
}

function whyOf({ timedOut, isMaxBuffer, exitCode, signal, code }: Failure): string {
  if (timedOut) return `it did not end within ${TIMEOUT / 1000} s`
  if (isMaxBuffer) return `it said more than ${OUTPUT_MAX / 1024 / 1024} MiB`
  if (signal !== undefined) return `it was ended by ${signal}`
  return exitCode === undefined
    ? `it could not be started (${code ?? 'no reason was given'})`
    : `it ended with ${exitCode}`
}
