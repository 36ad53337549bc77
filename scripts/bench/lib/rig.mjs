// What every bench stands on: a directory of its own, two cores with a fixed use, and an end that leaves nothing.
import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join } from 'node:path'

/** The server under test has one core for itself; engines and load share the other. */
const SERVER_CORE = '0'
const REST_CORE = '1'
/** A program that does not end by TERM in this time is killed. In milliseconds. */
const PATIENCE = 60_000

const canPin = availableParallelism() > 1 && spawnSync('taskset', ['--version']).status === 0

/**
 * Runs `bench(rig)` and ends whatever it has started, whether it succeeds, fails or is interrupted. `pinned`: the
 * server gets a core for itself, where there are two and `taskset` is installed.
 */
export async function withRig({ pinned }, bench) {
  const pins = pinned && canPin
  if (pins) spawnSync('taskset', ['-a', '-p', '-c', REST_CORE, String(process.pid)])
  const directory = mkdtempSync(join(tmpdir(), 'eh-bench-'))
  const ends = []
  const rig = {
    directory,
    /** argv of an engine that the server starts: on the core that is not the server's. */
    besideServer: (argv) => (pins ? ['taskset', '-c', REST_CORE, ...argv] : argv),
    /** argv of the server under test. */
    asServer: (argv) => (pins ? ['taskset', '-c', SERVER_CORE, ...argv] : argv),
    /** Called at the end, the last one first. */
    defer: (end) => void ends.push(end),
  }
  const interrupted = new Promise((_, reject) => {
    const onSignal = () => reject(new Error('interrupted'))
    for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, onSignal)
    rig.defer(() => {
      for (const signal of ['SIGINT', 'SIGTERM']) process.removeListener(signal, onSignal)
    })
  })
  try {
    return await Promise.race([bench(rig), interrupted])
  } finally {
    for (const end of ends.toReversed()) await end()
    rmSync(directory, { recursive: true, force: true })
    if (pins) spawnSync('taskset', ['-a', '-p', '-c', `0-${availableParallelism() - 1}`, String(process.pid)])
  }
}

/**
 * Starts a program; its error output goes to `NAME.log` in the rig's directory.
 * Resolves with the child once its standard output has said `until`, or at once without that.
 */
export async function startProgram(rig, argv, { name, environment = process.env, until = null }) {
  const [program, ...args] = argv
  const log = join(rig.directory, `${name}.log`)
  const child = spawn(program, args, { env: environment, stdio: ['ignore', 'pipe', openSync(log, 'a')] })
  let ended = false
  const gone = once(child, 'exit').then(() => (ended = true))
  rig.defer(async () => {
    if (ended) return
    child.kill('SIGTERM')
    const kill = setTimeout(() => child.kill('SIGKILL'), PATIENCE)
    await gone
    clearTimeout(kill)
  })
  let text = ''
  const said = new Promise((resolve) => {
    child.stdout.on('data', (piece) => {
      text += piece
      if (until === null || until.test(text)) resolve()
    })
  })
  const early = gone.then(() => {
    throw new Error(`${name} ended too early: ${readFileSync(log, 'utf8')}`)
  })
  // After the start its end is nobody's failure.
  early.catch(() => {})
  if (until !== null) await Promise.race([said, early])
  return { pid: child.pid, text }
}
