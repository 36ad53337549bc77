// How long a real llama-server goes on with an answer whose client has left: from the client's end to the first byte of
// the next answer in the same slot.
//
//   node scripts/build.mjs && node scripts/bench/cancel.mjs [--rounds 3] [--json]
//
// The engine is the installed one (`.cache/engines`), or ENGINEHOUSE_TEST_LLAMA_SERVER. With `logprobs` a plain request
// reaches the engine as it is: that shows what the engine does when nothing is gathered. Aim: 100 ms.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { request } from 'node:http'
import { join } from 'node:path'
import { ROOT } from '../lib/setup.mjs'
import { startDaemon } from './lib/daemon.mjs'
import { showSummary, summarize, table } from './lib/figures.mjs'
import { runAsProgram } from './lib/options.mjs'
import { withRig } from './lib/rig.mjs'

export const ROUNDS = 3

const ENGINE =
  process.env.ENGINEHOUSE_TEST_LLAMA_SERVER ?? join(ROOT, '.cache/engines/llama-server/0.10068.0/bin/llama-server')
/** Tokens: longer than any measurement lasts, and what a slot holds. */
const LONG = 60_000
const CONTEXT = 131_072
/** A slot that is not free after so many milliseconds counts as never free. */
const PATIENCE = 10_000
/** An answer is left this long after it was asked for, in milliseconds; the rounds are spread over a second beyond it. */
const UNDER_WAY = 500
/** Between two readings of the engine's gauges, in milliseconds. */
const SCRAPE = 500

const FORMS = Object.freeze({
  'a stream': { stream: true },
  'plain, gathered': {},
  'plain, as it is': { logprobs: true },
})
const BESIDES = ['nothing else', 'another stream', `gauges read every ${SCRAPE} ms`]

export function measure({ rounds }) {
  return withRig({ pinned: false }, async (rig) => {
    const weights = join(rig.directory, 'tiny.gguf')
    const made = spawnSync(
      process.execPath,
      ['--import', 'tsx', join(ROOT, 'scripts/make-tiny-gguf.ts'), weights, '--context', String(CONTEXT)],
      { cwd: ROOT, encoding: 'utf8' },
    )
    if (made.status !== 0) throw new Error(made.stderr)
    const model = {
      engine: 'llama-server',
      source: `file:${weights}`,
      gpus: 'none',
      context: LONG,
      ttl: 'never',
      args: { threads: 1 },
    }
    const { port } = await startDaemon(rig, {
      engines: { 'llama-server': { path: ENGINE } },
      models: { alone: { ...model, parallel: 1 }, two: { ...model, parallel: 2 } },
    })
    const cases = []
    for (const beside of BESIDES) {
      for (const [form, fields] of Object.entries(FORMS)) {
        const values = []
        for (let round = 0; round < rounds; round += 1) {
          const after = UNDER_WAY + (round * 1000) / rounds
          values.push(await timeToFree({ port, beside, fields, after }))
        }
        cases.push({ beside, form, ...summarize(values) })
      }
    }
    return { rounds, cases }
  })
}

async function timeToFree({ port, beside, fields, after }) {
  const model = beside === 'another stream' ? 'two' : 'alone'
  await answered(ask(port, model, { max_tokens: 1 }))
  const other = model === 'two' ? ask(port, model, { max_tokens: LONG, stream: true }) : null
  if (other !== null) await other.begun
  const scraping = beside.startsWith('gauges') ? setInterval(await gaugesOf(port, model), SCRAPE) : null
  const left = ask(port, model, { max_tokens: LONG, ...fields })
  await new Promise((resolve) => setTimeout(resolve, after))
  left.end()
  const at = performance.now()
  const next = ask(port, model, { max_tokens: 1, stream: true })
  const patience = new Promise((resolve) => setTimeout(resolve, PATIENCE).unref())
  await Promise.race([next.begun, patience])
  const took = Math.min(performance.now() - at, PATIENCE)
  clearInterval(scraping)
  other?.end()
  // The engine comes to itself before the next round.
  await answered(next)
  return took
}

/** A chat request on a connection of its own: { begun, ended, end() }; `begun` at the first byte of its answer's body. */
function ask(port, model, fields) {
  const body = JSON.stringify({ model, messages: [{ role: 'user', content: 'hi' }], ignore_eos: true, ...fields })
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  const path = '/v1/chat/completions'
  const sent = request({ host: '127.0.0.1', port, method: 'POST', path, headers, agent: false })
  const begun = withResolvers()
  const ended = withResolvers()
  sent.on('response', (response) => {
    response.once('data', begun.resolve)
    response.on('error', () => {})
    response.on('close', () => ended.resolve(response.statusCode))
  })
  sent.on('error', () => ended.resolve(null))
  sent.end(body)
  return { begun: begun.promise, ended: ended.promise, end: () => sent.destroy() }
}

async function answered({ ended }) {
  const status = await ended
  if (status !== 200) throw new Error(`the engine answered ${status}`)
}

function withResolvers() {
  let resolve
  const promise = new Promise((each) => (resolve = each))
  return { promise, resolve }
}

/** Reads the engine's own gauges, past the daemon, with the key of its launch. */
async function gaugesOf(port, model) {
  const { instance } = await (await fetch(`http://127.0.0.1:${port}/api/v1/models/${model}`)).json()
  const socketPath = instance.argv[instance.argv.indexOf('--host') + 1]
  const environment = readFileSync(`/proc/${instance.pid}/environ`, 'utf8').split('\0')
  const key = environment.find((entry) => entry.startsWith('LLAMA_API_KEY=')).slice('LLAMA_API_KEY='.length)
  const headers = { authorization: `Bearer ${key}` }
  return () => request({ socketPath, path: '/metrics', headers, agent: false }, (answer) => answer.resume()).end()
}

export function render({ rounds, cases }) {
  const cell = (beside, form) => {
    const found = cases.find((each) => each.beside === beside && each.form === form)
    return found.min >= PATIENCE ? `never (${PATIENCE / 1000} s waited)` : showSummary(found)
  }
  const forms = Object.keys(FORMS)
  const rows = BESIDES.map((beside) => [beside, ...forms.map((form) => cell(beside, form))])
  return `Until the slot of an answer is free whose client has left, in ms: median (min-max) of ${rounds} rounds\n\n${table([['beside', ...forms], ...rows])}`
}

await runAsProgram(import.meta.url, { measure, render, rounds: ROUNDS })
