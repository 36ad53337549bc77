import type { Millis } from '../core/index.ts'
import type { Client } from './client.ts'
import { createProgress, type Progress } from './progress.ts'
import type { Look } from './render/paint.ts'
import type { Output, Signals, World } from './world.ts'

/** The options that every command takes, as the parser gives them: what was not written is not there. */
export interface GlobalOptions {
  readonly json?: true
  readonly quiet?: true
  /** A yes to whatever the command would ask. */
  readonly yes?: true
  /** Commander's name for --no-color. */
  readonly color: boolean
  /** Of the whole command, which may else take as long as it takes. */
  readonly timeout?: Millis
  /** -c FILE. */
  readonly config?: string
  readonly host?: string
  readonly keyFile?: string
}

/** One command under way. */
export interface Job {
  readonly world: World
  readonly options: GlobalOptions
  /** How results on stdout are drawn. */
  readonly look: Look
  /** The same for stderr. */
  readonly errorLook: Look
  /** Aborts at an interrupt, at --timeout and when nobody reads stdout any more. */
  readonly signal: AbortSignal
  /** A result, on stdout. */
  print(text: string): void
  /** One JSON value on a line of stdout. */
  printJson(value: unknown): void
  /** Anything that is not a result, on stderr; nothing with --quiet. */
  note(text: string): void
  /** On stderr: redrawn on a terminal, plain lines off one. */
  progress(): Progress
  /** The daemon that was named or the one of the state directory; else the one that listens at `socketPath`. */
  client(socketPath?: string): Promise<Client>
  now(): number
  /** From now on the command hears signals itself, and nothing aborts `signal` but --timeout: for a daemon. */
  takeSignals(): Signals
  /** Closes what the job has opened. */
  close(): void
}

export interface JobOptions {
  readonly world: World
  readonly options: GlobalOptions
  readonly signal: AbortSignal
  readonly takeSignals: () => Signals
}

export function createJob({ world, options, signal, takeSignals }: JobOptions): Job {
  const { stdout, stderr } = world
  const clients: Client[] = []
  return {
    world,
    options,
    signal,
    look: lookOf(stdout, world, options),
    errorLook: lookOf(stderr, world, options),
    print: (text) => void stdout.write(text),
    printJson: (value) => void stdout.write(`${JSON.stringify(value)}\n`),
    note: (text) => void (options.quiet || stderr.write(`${text}\n`)),
    progress: () =>
      createProgress({
        stream: stderr,
        mode: options.quiet ? 'silent' : isAnimated(world) ? 'redraw' : 'lines',
        width: widthOf(stderr),
        now: Date.now,
      }),
    client: async (socketPath) => {
      const client = await connect(world, options, signal, socketPath)
      clients.push(client)
      return client
    },
    now: Date.now,
    takeSignals,
    close: () => clients.forEach((client) => client.close()),
  }
}

/** A terminal may say nothing of its width, or 0 before anybody has set it. */
export function widthOf(stream: Output): number {
  return stream.columns || 80
}

/** NO_COLOR counts when it is set to anything but nothing (no-color.org). */
export function lookOf(stream: Output, world: World, options: Pick<GlobalOptions, 'color'>): Look {
  const { NO_COLOR, TERM } = world.environment
  const isTerminal = stream.isTTY === true
  return {
    color: options.color && isTerminal && !NO_COLOR && TERM !== 'dumb',
    width: isTerminal ? widthOf(stream) : null,
  }
}

function isAnimated(world: World): boolean {
  return world.stderr.isTTY === true && world.environment['TERM'] !== 'dumb'
}

/** The HTTP client is loaded here, so that commands without a daemon start without it. */
async function connect(
  world: World,
  options: GlobalOptions,
  signal: AbortSignal,
  socketPath: string | undefined,
): Promise<Client> {
  const [{ createClient }, { openTransport }, { daemonAddress, socketAddress }] = await Promise.all([
    import('./client.ts'),
    import('./transport.ts'),
    import('./daemon-address.ts'),
  ])
  const address = socketPath === undefined ? await daemonAddress(options, world.environment) : socketAddress(socketPath)
  return createClient(openTransport(address, signal))
}
