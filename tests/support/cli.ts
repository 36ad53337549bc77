import { PassThrough } from 'node:stream'
import { fileURLToPath } from 'node:url'

import { execa, type Options } from 'execa'

import { ADAPTERS } from '../../engines/index.ts'
import { probeProgram } from '../../src/app/probe-program.ts'
import { type House, runCommandLine, type SignalName } from '../../src/cli/index.ts'
import { testEnvironment } from './run.ts'

export interface CommandOptions {
  readonly environment?: Readonly<Record<string, string>>
  /** What is piped in; null is a terminal. */
  readonly stdin?: string | null
  /** stdout and stderr are terminals of this width. */
  readonly columns?: number
  readonly house?: Partial<House>
}

export interface Command {
  /** Settles with everything when the command has ended. */
  readonly ended: Promise<Outcome>
  readonly stdout: PassThrough
  readonly stdin: PassThrough
  /** Settles when stdout, or stderr, holds the text. */
  until(stream: 'stdout' | 'stderr', text: string): Promise<void>
  signal(name: SignalName): void
  /** How many listen for it: 0 would end a real process. */
  listeners(name: SignalName): number
}

export interface Outcome {
  readonly exit: number
  readonly stdout: string
  readonly stderr: string
}

/** A command in this process, with streams and signals of the test's own. */
export function startCommand(argv: readonly string[], options: CommandOptions = {}): Command {
  const terminal = options.columns === undefined ? {} : { isTTY: true, columns: options.columns }
  const stdin = Object.assign(new PassThrough(), options.stdin === null ? { isTTY: true } : {})
  if (options.stdin !== null) stdin.end(options.stdin ?? '')
  const stdout = Object.assign(new PassThrough(), terminal)
  const stderr = Object.assign(new PassThrough(), terminal)
  const text = { stdout: '', stderr: '' }
  stdout.on('data', (piece: Buffer) => (text.stdout += piece.toString()))
  stderr.on('data', (piece: Buffer) => (text.stderr += piece.toString()))
  const listeners = new Map<SignalName, Set<() => void>>()
  const listenersOf = (name: SignalName) => {
    const set = listeners.get(name) ?? new Set()
    listeners.set(name, set)
    return set
  }
  const exit = runCommandLine(argv, {
    environment: { ...testEnvironment(), ...options.environment },
    stdin,
    stdout,
    stderr,
    signals: {
      on(name, listener) {
        listenersOf(name).add(listener)
        return () => void listenersOf(name).delete(listener)
      },
    },
    house: async () => ({
      startApp: () => Promise.reject(new Error('this test starts no daemon')),
      knowledge: { engines: ADAPTERS, gpus: false },
      engines: [],
      programs: async () => ({ look: async () => new Map(), version: versionOf }),
      hostSize: async () => ({ devices: [], claimable: 0, free: null }),
      claimOnHost: async ({ bytes }) => bytes,
      foresee: async () => [],
      planAlone: async () => ({ manifest: null, models: [], settings: [], leaving: [], warnings: [] }),
      ...options.house,
    }),
  })
  return {
    ended: exit.then(async (code) => {
      // What was written last reaches the listeners in a later turn.
      await new Promise((resolve) => setImmediate(resolve))
      return { exit: code, ...text }
    }),
    stdin,
    stdout,
    until: (stream, wanted) => untilHolds(stream === 'stdout' ? stdout : stderr, () => text[stream].includes(wanted)),
    signal: (name) => [...listenersOf(name)].forEach((listener) => listener()),
    listeners: (name) => listenersOf(name).size,
  }
}

/** As the house has it, without what it keeps. */
async function versionOf(_engine: string, program: string): Promise<string | null> {
  const { signal } = new AbortController()
  return (await probeProgram(null, program, { environment: testEnvironment(), signal })).version
}

function untilHolds(stream: PassThrough, holds: () => boolean): Promise<void> {
  return new Promise((resolve) => {
    const check = (): void => {
      if (!holds()) return
      stream.off('data', check)
      resolve()
    }
    stream.on('data', check)
    check()
  })
}

export function runCommand(argv: readonly string[], options: CommandOptions = {}): Promise<Outcome> {
  return startCommand(argv, options).ended
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** The program as its users start it, as a process of its own; it never rejects for its exit code. */
export function startProgram<O extends Options>(argv: readonly string[], options: O) {
  return execa(process.execPath, ['--import', 'tsx', 'src/main.ts', ...argv], {
    cwd: ROOT,
    extendEnv: false,
    reject: false,
    ...options,
    env: { ...testEnvironment(), ...options.env },
  })
}
