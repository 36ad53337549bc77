// From a clone without anything to an answer of a real model, by one command:
//
//   npm run quickstart              answers one question and goes on serving until Ctrl-C
//   npm run quickstart -- --once    stops after the answer
//
// Everything that it makes is in the clone: node_modules, dist, and .cache/quickstart (engine, weights, logs), unless
// ENGINEHOUSE_STATE_DIR names another state directory.
import { spawn, spawnSync } from 'node:child_process'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { build, ensureInstalled, requireNode, ROOT, step } from './lib/setup.mjs'

const MANIFEST = join(ROOT, 'configs', 'quickstart.yaml')
const MODEL = 'smollm2'
const QUESTION = 'What is the capital city of France? Answer in one sentence.'
const USUAL_PORT = 8080
/** A test may bring an engine of its own; without this the genuine one is installed. */
const environment = {
  ...process.env,
  ENGINEHOUSE_STATE_DIR: process.env.ENGINEHOUSE_STATE_DIR ?? join(ROOT, '.cache', 'quickstart'),
}
const once = process.argv.includes('--once')
let daemon = null
let interrupted = false

// The daemon gets the terminal's Ctrl-C itself and ends by it; this program ends after it.
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    interrupted = true
    if (daemon === null) process.exit(130)
    if (signal === 'SIGTERM') daemon.child.kill('SIGTERM')
  })
}

requireNode()
ensureInstalled()
step('Building')
build()
if (!(await hasEngine())) {
  step('Installing llama-server (65 MB, once)')
  await command(['engines', 'install', 'llama-server'])
}
step('Starting the daemon')
const listen = process.env.ENGINEHOUSE_LISTEN ?? `127.0.0.1:${await choosePort()}`
daemon = startDaemon(listen)
await daemon.listening.catch(fail)
step(`Loading ${MODEL} (the first time, its weights are fetched: 93 MB)`)
await command(['load', MODEL])
const url = `http://${listen}/v1/chat/completions`
console.error('')
console.log(`> ${QUESTION}`)
await ask(url)
console.error(`\nAsk it yourself:\n`)
console.log(
  `curl ${url} -H 'content-type: application/json' \\\n  -d '{"messages":[{"role":"user","content":"Say hello in French."}]}'`,
)
if (once) daemon.child.kill('SIGTERM')
else console.error('\nServing until Ctrl-C.')
const code = await daemon.ended
process.exitCode = interrupted || once ? code : code || 1

function fail(error) {
  console.error(error.message)
  process.exit(1)
}

function cli(args) {
  return [process.execPath, [join(ROOT, 'dist', 'src', 'main.js'), ...args]]
}

/** Runs a command of the program to its end; its progress is shown, a failure ends this program too. */
async function command(args) {
  const child = spawn(...cli(args), { cwd: ROOT, env: environment, stdio: ['ignore', process.stderr, 'inherit'] })
  const code = await exitOf(child)
  if (code === 0) return
  if (daemon !== null) {
    daemon.child.kill('SIGTERM')
    await daemon.ended
  }
  process.exit(code)
}

async function hasEngine() {
  const { stdout } = spawnSync(...cli(['engines', 'list', '--json']), { cwd: ROOT, env: environment, encoding: 'utf8' })
  const { engines } = JSON.parse(stdout)
  return engines.some((engine) => engine.name === 'llama-server' && engine.state === 'found')
}

/** The usual port when nobody has it, else one that is free. */
async function choosePort() {
  for (const port of [USUAL_PORT, 0]) {
    const free = await new Promise((resolve) => {
      const server = createServer()
      server.once('error', () => resolve(null))
      server.listen(port, '127.0.0.1', () => {
        const { port: bound } = server.address()
        server.close(() => resolve(bound))
      })
    })
    if (free !== null) return free
  }
  throw new Error('no port on 127.0.0.1 is free')
}

function startDaemon(address) {
  const child = spawn(...cli(['serve', '-c', MANIFEST]), {
    cwd: ROOT,
    env: {
      ...environment,
      ENGINEHOUSE_LISTEN: address,
      ENGINEHOUSE_LOG_LEVEL: process.env.ENGINEHOUSE_LOG_LEVEL ?? 'warn',
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const ended = exitOf(child)
  const listening = new Promise((resolve, reject) => {
    child.stdout.on('data', (piece) => {
      process.stderr.write(piece)
      if (piece.includes('Listening on ')) resolve()
    })
    // Its own words stand on stderr already.
    ended.then((code) => reject(new Error(`the daemon ended with ${code} before it listened`)))
  })
  return { child, ended, listening }
}

/** Streams the answer to stdout. */
async function ask(url) {
  const response = await fetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({
      stream: true,
      temperature: 0,
      max_tokens: 60,
      messages: [{ role: 'user', content: QUESTION }],
    }),
  })
  if (!response.ok) {
    daemon.child.kill('SIGTERM')
    await daemon.ended
    fail(new Error(await response.text()))
  }
  let rest = ''
  for await (const piece of response.body.pipeThrough(new TextDecoderStream())) {
    const lines = (rest + piece).split('\n')
    rest = lines.pop()
    for (const line of lines) {
      if (!line.startsWith('data: {')) continue
      const { choices, error } = JSON.parse(line.slice('data: '.length))
      if (error) throw new Error(error.message)
      process.stdout.write(choices?.[0]?.delta?.content ?? '')
    }
  }
  process.stdout.write('\n')
}

function exitOf(child) {
  return new Promise((resolve, reject) => {
    child.once('error', reject)
    child.once('exit', (code, signal) => resolve(code ?? (signal === 'SIGINT' ? 130 : 1)))
  })
}
