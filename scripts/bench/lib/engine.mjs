// The engine behind every server that is measured: the tests' fake one, whose answers cost next to nothing.
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { ROOT } from '../../lib/setup.mjs'
import { reachable } from './reach.mjs'
import { startProgram } from './rig.mjs'

const PROGRAM = join(ROOT, 'tests', 'fixtures', 'fake-engine.mjs')

/** Tokens of a stream: more than any measurement takes, so that all streams last until they are cut. */
const ENDLESS = 1_000_000
/** Between two tokens of a stream, in milliseconds: 50 tokens a second. */
const INTERVAL = 20

/** The same answer of 362 bytes to every request, and endless streams. */
export const BENCH_KNOBS = ['--bench', '--tokens', String(ENDLESS), '--token-interval', String(INTERVAL)]

/** A model of a manifest that this engine serves. */
export function engineModel(rig, knobs, more = {}) {
  return {
    engine: 'command',
    command: rig.besideServer([process.execPath, PROGRAM, '--listen', '{port}', ...knobs]),
    gpus: 'none',
    memory: '256MiB',
    ttl: 'never',
    concurrency: 1000,
    ...more,
  }
}

/** Starts one beside the daemon, for what is measured without us; resolves with { port, pid } once it answers. */
export async function startEngine(rig, knobs) {
  const port = await freePort()
  const argv = [process.execPath, PROGRAM, '--listen', String(port), ...knobs]
  const { pid } = await startProgram(rig, rig.besideServer(argv), { name: `engine-${port}` })
  await reachable(port)
  return { port, pid }
}

export async function freePort() {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address()
  server.close()
  await once(server, 'close')
  return port
}

/** What an engine has written into the file of its `--record`, oldest first. */
export function eventsOf(record) {
  const whole = readFileSync(record, 'utf8').split('\n').slice(0, -1)
  return whole.map((line) => JSON.parse(line))
}
