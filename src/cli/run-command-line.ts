import { type Command, CommanderError } from 'commander'

import { EnginehouseError, EXIT } from '../core/index.ts'
import { systemCode, systemReason } from '../lib/system-reason.ts'
import type { Act } from './command.ts'
import { createJob, type GlobalOptions, type Job, lookOf, widthOf } from './job.ts'
import { type Problem, problemLine, problemOf, renderProblem } from './problem.ts'
import { createProgram } from './program.ts'
import type { Signals, World } from './world.ts'

/** Runs one command (`argv` without the program's own name) and resolves with its exit code; it rejects never. */
export async function runCommandLine(argv: readonly string[], world: World): Promise<number> {
  const ends = listenForEnds(world)
  let exit: number = EXIT.ok
  let help = ''
  const act: Act =
    (handler) =>
    async (...args) => {
      const job = createJob({
        world,
        ...jobOptions(program.opts<GlobalOptions>(), ends),
        takeSignals: ends.takeSignals,
      })
      exit = await within(job, handler(job, ...args))
    }
  const program = createProgram(act, {
    write: (text) => void world.stdout.write(text),
    writeError: (text) => {
      help += text
    },
    width: widthOf(world.stdout),
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
    return exit
  } catch (error) {
    return outcomeOf(error)
  } finally {
    ends.stop()
  }

  function outcomeOf(error: unknown): number {
    const end = ends.reason()
    if (end === 'output_closed') return EXIT.ok
    if (end === 'interrupted') return EXIT.interrupted
    if (error instanceof CommanderError && error.exitCode === 0) return EXIT.ok
    if (error instanceof CommanderError && error.code === 'commander.help') {
      world.stderr.write(help)
      return EXIT.usage
    }
    return report(withHelp(problemOf(end ?? error), argv, program), end ?? error, argv, world)
  }
}

async function within(job: Job, work: Promise<number | void>): Promise<number> {
  const { timeout } = job.options
  try {
    return (await work) ?? EXIT.ok
  } catch (error) {
    const isLate =
      timeout !== undefined && job.signal.reason instanceof DOMException && job.signal.reason.name === 'TimeoutError'
    throw isLate ? new EnginehouseError('timed_out', { what: 'The command', after: timeout }, { cause: error }) : error
  } finally {
    job.close()
  }
}

function jobOptions(options: GlobalOptions, ends: Ends): { options: GlobalOptions; signal: AbortSignal } {
  const limits = options.timeout === undefined ? [] : [AbortSignal.timeout(options.timeout)]
  return { options, signal: AbortSignal.any([ends.signal, ...limits]) }
}

/** Who used a command wrongly reads about that command. */
function withHelp(problem: Problem, argv: readonly string[], program: Command): Problem {
  const names = problem.code === 'usage' ? commandNamed(argv, program) : []
  return names.length === 0 ? problem : { ...problem, next: `\`enginehouse ${names.join(' ')} --help\` shows its use.` }
}

/** The words of the command line that name a command and its part; none where no command is named. */
function commandNamed(argv: readonly string[], program: Command): readonly string[] {
  const names: string[] = []
  let parent = program
  for (const word of argv) {
    const found = parent
      .createHelp()
      .visibleCommands(parent)
      .find((command) => command.name() === word)
    if (!found) continue
    names.push(word)
    parent = found
  }
  return names
}

/** For people on stderr, with --json one line on stdout. A parser that failed has not told what was asked for. */
function report(problem: Problem, error: unknown, argv: readonly string[], world: World): number {
  const given = argv.slice(0, argv.includes('--') ? argv.indexOf('--') : undefined)
  if (given.includes('--json')) world.stdout.write(problemLine(problem))
  else world.stderr.write(renderProblem(problem, lookOf(world.stderr, world, { color: !given.includes('--no-color') })))
  if (problem.code === 'command_failed' && error instanceof Error) world.stderr.write(`${error.stack ?? ''}\n`)
  return problem.exit
}

/** What may end a command from outside. */
interface Ends {
  readonly signal: AbortSignal
  /** Why `signal` aborted, an error where the results have nowhere to go; null when it did not. */
  readonly reason: () => EndReason | null
  readonly takeSignals: () => Signals
  readonly stop: () => void
}

/** `output_closed`: the reader of stdout has left (`| head`): the rest is wanted by nobody, and that is no failure. */
type EndReason = 'interrupted' | 'output_closed' | EnginehouseError

function listenForEnds(world: World): Ends {
  const over = new AbortController()
  let reason: EndReason | null = null
  let isOver = (found: EndReason): void => {
    reason ??= found
    over.abort()
  }
  // It stays: what is written after the end must not end the process either.
  world.stdout.on('error', (error) => {
    const isClosed = systemCode(error) === 'EPIPE'
    isOver(isClosed ? 'output_closed' : new EnginehouseError('output_failed', { why: systemReason(error) }))
  })
  const interrupted = (): void => isOver('interrupted')
  const unlisten = [world.signals.on('SIGINT', interrupted), world.signals.on('SIGTERM', interrupted)]
  const stop = (): void => unlisten.splice(0).forEach((end) => end())
  return {
    signal: over.signal,
    reason: () => reason,
    takeSignals() {
      stop()
      isOver = () => undefined
      return world.signals
    },
    stop,
  }
}
