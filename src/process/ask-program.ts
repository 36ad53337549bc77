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

/** The file that a program is: what changes when it is updated. */
export interface ProgramFile {
  /** Behind all links. */
  readonly path: string
  readonly size: number
  readonly mtimeMs: number
}

/** Null for a program that cannot be looked at: a run says what is wrong with it. */
export async function programFile(program: string): Promise<ProgramFile | null> {
  try {
    const path = await realpath(program)
    const { mtimeMs, size } = await stat(path)
    return { path, size, mtimeMs }
  } catch {
    return null
  }
}

/**
 * Runs a program that says something of itself and ends: without a shell, with the environment of an engine, for a
 * bounded time. Rejects only when the signal aborts.
 */
export async function askProgram({ program, args, environment, signal }: ProgramQuestion): Promise<ProgramAnswer> {
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
