import { closeSync, createReadStream, openSync } from 'node:fs'
import { open, stat, truncate } from 'node:fs/promises'
import { execa } from 'execa'
import { directorySize } from './directory-size.ts'
import { createLineSplitter, type LineSplitter } from './line-splitter.ts'

/** How often the growth of the watched directory is told. */
const PROGRESS_EVERY_MS = 1000
/** A log that passes this is emptied: what a broken program repeats for ever must not fill the disk. */
const LOG_LIMIT_BYTES = 16 * 1024 * 1024
/** From TERM to KILL when the run is aborted. */
const ABORT_GRACE_MS = 2000
/** Enough of the log's end for an error and the lines that led to it. */
const TAIL_BYTES = 8 * 1024
const TAIL_LINES = 8
/** Of a longer line this much is told. */
const LINE_BYTES = 16 * 1024

export interface LoggedRun {
  readonly argv: readonly [string, ...string[]]
  readonly cwd: string
  /** Complete; nothing is inherited. */
  readonly env: Readonly<Record<string, string>>
  /** Output of both streams goes here. The file is made new. */
  readonly log: string
  /** Its growth is the progress of the run. */
  readonly watch: string
  /** Told at the start and about once a second. */
  readonly onBytes: (bytes: number) => void
  /** Told of each line of the output, about once a second and at the end. */
  readonly onLine?: (line: string) => void
  readonly signal?: AbortSignal
}

export type RunOutcome =
  | { readonly kind: 'done' }
  | { readonly kind: 'failed'; readonly why: string; readonly tail: readonly string[] }
  | { readonly kind: 'aborted' }

/**
 * Runs a program without a shell, in its own process group, and waits for its end. Nothing of it is inherited from the
 * daemon but what the order says. On abort the group gets TERM, then KILL, and nothing of it is left.
 */
export async function runLogged(run: LoggedRun): Promise<RunOutcome> {
  if (run.signal?.aborted) return { kind: 'aborted' }
  const [program, ...args] = run.argv
  // A plain descriptor: a pipe would need us to read it, and the output is only wanted when something goes wrong.
  // (execa takes any descriptor; its types list those from 3 to 9.)
  const output = openSync(run.log, 'w', 0o600) as 3
  const child = execa(program, args, {
    cwd: run.cwd,
    env: run.env,
    extendEnv: false,
    detached: true,
    cleanup: false,
    reject: false,
    buffer: false,
    stdin: 'ignore',
    stdout: output,
    stderr: output,
  })
  closeSync(output)
  const stopWatching = watchGrowth(run)
  const stopListening = endGroupOnAbort(child.pid, run.signal)
  const result = await child
  stopListening()
  if (run.signal?.aborted) endWhatIsLeft(child.pid)
  await stopWatching()
  if (run.signal?.aborted) return { kind: 'aborted' }
  if (result.exitCode === 0) return { kind: 'done' }
  return { kind: 'failed', why: describeEnd(program, result), tail: await tailOf(run.log) }
}

function watchGrowth(run: LoggedRun): () => Promise<void> {
  let measuring: Promise<void> | null = null
  const { onLine } = run
  const lines = onLine && createLineSplitter(LINE_BYTES, onLine)
  const readOn = lines && readLines(run.log, lines)
  run.onBytes(0)
  const timer = setInterval(() => {
    measuring ??= measure(run, readOn).finally(() => (measuring = null))
  }, PROGRESS_EVERY_MS)
  return async () => {
    clearInterval(timer)
    await measuring
    await readOn?.().catch(() => undefined)
    lines?.end()
  }
}

/** What cannot be read is left out; the run itself says whether it worked. */
async function measure(run: LoggedRun, readOn: (() => Promise<void>) | undefined): Promise<void> {
  await readOn?.().catch(() => undefined)
  const [bytes, log] = await Promise.all([directorySize(run.watch).catch(() => null), stat(run.log).catch(() => null)])
  if (bytes !== null) run.onBytes(bytes)
  if (log !== null && log.size > LOG_LIMIT_BYTES) await truncate(run.log).catch(() => undefined)
}

/** Each call of the returned function reads on where the last one stopped; a log that was emptied, from its start. */
function readLines(log: string, lines: LineSplitter): () => Promise<void> {
  let position = 0
  return async () => {
    if (position > (await stat(log)).size) position = 0
    for await (const piece of createReadStream(log, { start: position })) {
      position += (piece as Buffer).length
      lines.write(piece as Buffer)
    }
  }
}

/** Until the returned function is called the leader is our unreaped child, so its pid names our group and no other. */
function endGroupOnAbort(pid: number | undefined, signal?: AbortSignal): () => void {
  if (pid === undefined || signal === undefined) return () => undefined
  let killing: NodeJS.Timeout | undefined
  const abort = (): void => {
    signalGroup(pid, 'SIGTERM')
    killing = setTimeout(() => signalGroup(pid, 'SIGKILL'), ABORT_GRACE_MS)
  }
  signal.addEventListener('abort', abort, { once: true })
  return () => {
    clearTimeout(killing)
    signal.removeEventListener('abort', abort)
  }
}

/**
 * A child that took no notice of TERM would go on in files that the caller now removes. While it lives its group keeps
 * the name of the leader that has just ended.
 */
function endWhatIsLeft(pid: number | undefined): void {
  if (pid !== undefined) signalGroup(pid, 'SIGKILL')
}

function signalGroup(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-pid, signal)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error
  }
}

function describeEnd(
  program: string,
  result: { exitCode?: number | undefined; signal?: string | undefined; code?: string | undefined },
): string {
  if (result.code === 'ENOENT') return `${program} was not found`
  if (result.signal) return `${program} was ended by ${result.signal}`
  if (result.exitCode === undefined) return `${program} could not be started (${result.code ?? 'unknown reason'})`
  return `${program} ended with exit code ${result.exitCode}`
}

/** The last lines that say something. A carriage return redraws a line, so only what follows the last one counts. */
async function tailOf(log: string): Promise<string[]> {
  const handle = await open(log, 'r')
  try {
    const { size } = await handle.stat()
    const { buffer, bytesRead } = await handle.read({
      buffer: Buffer.alloc(Math.min(size, TAIL_BYTES)),
      position: Math.max(0, size - TAIL_BYTES),
    })
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n')
    const shown = lines.map((line) => line.slice(line.lastIndexOf('\r') + 1).trim())
    return shown.filter((line) => line !== '').slice(-TAIL_LINES)
  } finally {
    await handle.close()
  }
}
