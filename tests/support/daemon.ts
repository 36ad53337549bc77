import { spawn, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { Agent, request } from 'undici'
import { expect, onTestFinished } from 'vitest'

import { post, rawClient, type RawClient } from '../gateway/support/raw-client.ts'
import { runCommand, type Outcome } from './cli.ts'
import { followEvents, type EventFollower } from './daemon-events.ts'
import { fakeEngineArgv } from './fake-engine.ts'
import { untilTrue } from './gates.ts'
import { testEnvironment } from './run.ts'
import { isLiving } from './sweep.ts'
import { temporaryDirectory } from './temporary-directory.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const OBSERVE = join(ROOT, 'scripts/observe.mjs')

/** How the program is started here: its sources, or with ENGINEHOUSE_TEST_BUILT=1 what was built of them. */
const PROGRAM =
  process.env['ENGINEHOUSE_TEST_BUILT'] === '1' ? ['dist/src/main.js'] : ['--import', 'tsx', 'src/main.ts']

/** The files of one daemon, or of several that follow each other. */
export interface Place {
  readonly directory: string
  readonly state: string
  readonly manifest: string
  /** A file for a gate, a record or the like. */
  file(name: string): string
}

/** All processes of a place, engines too, have its directory as HOME: that is how they are found from outside. */
export function makePlace(): Place {
  const directory = temporaryDirectory()
  const state = join(directory, 's')
  mkdirSync(state, { mode: 0o700 })
  const place = {
    directory,
    state,
    manifest: join(directory, 'manifest.yaml'),
    file: (name: string) => join(directory, name),
  }
  // Asked for first, so done last: by then the programs of the test have ended.
  onTestFinished(() => processesOf(place).forEach(({ pid }) => killIfThere(pid)))
  return place
}

export type ManifestText = Readonly<Record<string, unknown>>

/** A model that the fake engine runs; its record is the file `NAME.record` of the place, a slash in NAME being a dash. */
export function fakeModel(place: Place, name: string, knobs: readonly string[] = [], keys: ManifestText = {}) {
  const own = ['--listen', '{socket}', '--name', name, '--record', place.file(`${name.replaceAll('/', '-')}.record`)]
  return { [name]: { engine: 'command', command: fakeEngineArgv(...own, ...knobs), gpus: 'none', ...keys } }
}

export interface ProgramRun {
  readonly pid: number
  readonly stdout: string
  readonly stderr: string
  readonly exited: Promise<Outcome>
  signal(name: NodeJS.Signals): void
  /** Settles when stdout, or stderr, holds the text; rejects when the process ends without it. */
  until(stream: 'stdout' | 'stderr', text: string): Promise<void>
}

/** How a shell becomes the program; another script may lead its streams elsewhere first. */
const AS_IT_IS = 'exec "$0" "$@"'

/** The program in a process of its own, killed when the test ends. */
export function runProgram(
  argv: readonly string[],
  place: Place,
  environment: Record<string, string> = {},
  shell: string = AS_IT_IS,
): ProgramRun {
  const env = testEnvironment({ HOME: place.directory, ENGINEHOUSE_STATE_DIR: place.state, ...environment })
  const line = ['-c', shell, process.execPath, ...PROGRAM, ...argv]
  const child = spawn('sh', line, { cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const text = { stdout: '', stderr: '' }
  const waiters = new Set<() => void>()
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (piece: string) => {
      text[name] += piece
      waiters.forEach((look) => look())
    })
  }
  let ended = false
  const exited = new Promise<Outcome>((resolve) => {
    child.once('close', (code, signal) => {
      ended = true
      waiters.forEach((look) => look())
      resolve({ exit: code ?? -1, ...text, ...(signal === null ? {} : { stderr: `${text.stderr}[${signal}]` }) })
    })
  })
  onTestFinished(async () => {
    child.kill('SIGKILL')
    await exited
  })
  return {
    pid: child.pid ?? -1,
    get stdout() {
      return text.stdout
    },
    get stderr() {
      return text.stderr
    },
    exited,
    signal: (name) => void child.kill(name),
    until: (stream, wanted) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = text[stream].includes(wanted)
          if (!found && !ended) return
          waiters.delete(look)
          if (found) resolve()
          else reject(new Error(`ended without ${JSON.stringify(wanted)}: ${text.stdout}${text.stderr}`))
        }
        waiters.add(look)
        look()
      }),
  }
}

export function writeManifest(place: Place, manifest: ManifestText): void {
  const { server, ...rest } = manifest
  const listen = { listen: '127.0.0.1:0', ...(typeof server === 'object' ? server : {}) }
  writeFileSync(place.manifest, JSON.stringify({ version: 1, server: listen, ...rest }))
}

export interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string | string[] | undefined>>
  readonly text: string
  // Bodies are looked into with toMatchObject and by path; their shapes are what the tests are about.
  // oxlint-disable-next-line typescript/no-explicit-any
  readonly json: any
}

export interface Daemon extends EventFollower {
  readonly place: Place
  readonly program: ProgramRun
  readonly url: string
  readonly port: number
  /** A chat completion, or the body that is given, by POST. */
  ask(model: string | ManifestText, more?: { path?: string; headers?: Record<string, string> }): Promise<Answer>
  /** A streamed chat completion as raw bytes. */
  stream(model: string, body?: ManifestText): RawClient
  /** A native route on the admin socket: GET, or POST where there is a body. */
  admin(path: string, body?: ManifestText): Promise<Answer>
  /** A command against this daemon, and its one line of JSON. */
  command(...argv: readonly string[]): Promise<Outcome & Pick<Answer, 'json'>>
  /** Waits for as many requests in line. */
  untilWaiting(count: number): Promise<void>
  pidOf(model: string): Promise<number>
  /** SIGTERM, exit code 0, and nothing left. */
  end(): Promise<void>
  /** Exit code 0, and nothing left. */
  hasEnded(): Promise<void>
}

/** Starts the daemon as its users do and waits until it listens. */
export async function startDaemon(
  manifest: ManifestText,
  place: Place = makePlace(),
  environment: Record<string, string> = {},
  shell: string = AS_IT_IS,
): Promise<Daemon> {
  writeManifest(place, manifest)
  const program = runProgram(['serve', '-c', place.manifest, '--json'], place, environment, shell)
  await program.until('stdout', '\n')
  const { listening, admin_socket: adminSocket } = JSON.parse(program.stdout)
  const url = String(listening)
  const port = Number(new URL(url).port)
  const clients = new Agent()
  const local = new Agent({ connect: { socketPath: adminSocket } })
  const events = await followEvents(local)
  onTestFinished(() => Promise.all([clients.destroy(), local.destroy()]).then(() => undefined))
  const daemon: Daemon = {
    ...events,
    place,
    program,
    url,
    port,
    async ask(model, { path = '/v1/chat/completions', headers = {} } = {}) {
      const body = JSON.stringify(typeof model === 'string' ? chat(model) : model)
      const options = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body } as const
      return readAnswer(await request(url + path, { dispatcher: clients, ...options }))
    },
    stream(model, body = {}) {
      const client = rawClient({ port })
      client.write(post(JSON.stringify({ ...chat(model), stream: true, ...body })))
      return client
    },
    async admin(path, body) {
      const send = body && { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }
      const options = { method: body ? 'POST' : 'GET', dispatcher: local, ...send } as const
      return readAnswer(await request(`http://daemon/api/v1${path}`, options))
    },
    async command(...argv) {
      const outcome = await runCommand(argv, { environment: { ENGINEHOUSE_STATE_DIR: place.state } })
      return { ...outcome, json: argv.includes('--json') ? parse(outcome.stdout) : null }
    },
    untilWaiting: (count) => untilTrue(async () => (await daemon.admin('/queue')).json.queue.length === count),
    pidOf: async (model) => (await daemon.admin(`/models/${model}`)).json.instance.pid,
    async end() {
      program.signal('SIGTERM')
      await daemon.hasEnded()
    },
    hasEnded: async () => {
      expect(await program.exited).toMatchObject({ exit: 0 })
      expectNothingLeft(place)
    },
  }
  return daemon
}

/** The house is empty: no process, no launch record, no socket, no daemon's file. */
export function expectNothingLeft(place: Place): void {
  expect(processesOf(place)).toEqual([])
  expect(readdirSync(join(place.state, 'run'))).toEqual([])
  for (const name of ['daemon.json', 'admin.sock']) expect(existsSync(join(place.state, name)), name).toBe(false)
}

export interface Observed {
  readonly pid: number
  readonly sid: number
  readonly nonce: string
  readonly cmdline: string
}

/** Every engine process of the place, asked of the outside observer: the daemon's word is not taken. */
export function processesOf(place: Place): readonly Observed[] {
  const { stdout } = spawnSync(process.execPath, [OBSERVE, '--all'], { encoding: 'utf8' })
  const all: Observed[] = stdout
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
  return all.filter(({ pid }) => homeOf(pid) === place.directory && isLiving(pid))
}

function homeOf(pid: number): string | undefined {
  try {
    const environ = readFileSync(`/proc/${pid}/environ`, 'utf8').split('\0')
    return environ.find((entry) => entry.startsWith('HOME='))?.slice('HOME='.length)
  } catch {
    // It went in between.
    return undefined
  }
}

export function killIfThere(pid: number): void {
  if (isLiving(pid)) process.kill(pid, 'SIGKILL')
}

export function chat(model: string): ManifestText {
  return { model, messages: [{ role: 'user', content: 'hi' }] }
}

async function readAnswer(response: Awaited<ReturnType<typeof request>>): Promise<Answer> {
  const text = await response.body.text()
  return { status: response.statusCode, headers: response.headers, text, json: parse(text) }
}

function parse(text: string): Answer['json'] {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}
