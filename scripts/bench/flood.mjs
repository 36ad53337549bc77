// What an engine that floods its log costs everybody else: the daemon's time and event loop, and the disk.
//
//   node scripts/build.mjs && node scripts/bench/flood.mjs [--rounds 3] [--json]
import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { startDaemon } from './lib/daemon.mjs'
import { BENCH_KNOBS, engineModel } from './lib/engine.mjs'
import { showSummary, summarize, table } from './lib/figures.mjs'
import { sendRequests } from './lib/load.mjs'
import { runAsProgram } from './lib/options.mjs'
import { cpuSeconds } from './lib/procfs.mjs'
import { reachable } from './lib/reach.mjs'
import { withRig } from './lib/rig.mjs'

export const ROUNDS = 3

/** Bytes a second. */
const RATE = 100_000_000
/** For how long each state is looked at, in milliseconds. */
const SPAN = 5_000
const LOAD = Object.freeze({ connections: 4, requests: 2_000 })
const LOOP_DELAY = fileURLToPath(new URL('lib/loop-delay.mjs', import.meta.url))
const WHAT = Object.freeze({
  cpu: 'CPU of the daemon, % of a core, nothing else to do',
  p99: 'event loop late, 99th percentile of a second, ms',
  max: 'event loop late, the worst, ms',
  requests: `${LOAD.requests} JSON requests to another model over ${LOAD.connections} connections, s`,
  disk: "the flooding engine's files, at most, MiB",
})

export async function measure({ rounds }) {
  const samples = []
  for (let round = 0; round < rounds; round += 1) samples.push(await withRig({ pinned: false }, measureOnce))
  const of = (state, figure) => summarize(samples.map((sample) => sample[state][figure]))
  const figures = Object.keys(WHAT).map((figure) => ({
    figure,
    quiet: of('quiet', figure),
    flood: of('flood', figure),
  }))
  return { rounds, figures }
}

async function measureOnce(rig) {
  const models = {
    bench: engineModel(rig, BENCH_KNOBS),
    flood: engineModel(rig, ['--flood-rate', String(RATE)]),
  }
  const { port, pid } = await startDaemon(rig, { models }, { nodeFlags: ['--import', LOOP_DELAY] })
  await reachable(port)
  await sendRequests({ port, connections: 1, requests: 1 })
  const look = () => measureState({ port, pid, directory: join(rig.directory, 'daemon') })
  const quiet = await look()
  const question = JSON.stringify({ model: 'flood', messages: [{ role: 'user', content: 'begin' }] })
  const headers = { 'content-type': 'application/json' }
  const answer = await fetch(`http://127.0.0.1:${port}/v1/chat/completions`, {
    method: 'POST',
    headers,
    body: question,
  })
  if (!answer.ok) throw new Error(`the flood did not begin: ${answer.status}`)
  return { quiet, flood: await look() }
}

async function measureState({ port, pid, directory }) {
  const begun = Date.now()
  const cpuBefore = cpuSeconds(pid)
  let disk = 0
  const watch = setInterval(() => (disk = Math.max(disk, bytesUnder(join(directory, 'state', 'run')))), 5)
  await new Promise((resolve) => setTimeout(resolve, SPAN))
  const cpu = ((cpuSeconds(pid) - cpuBefore) * 1000 * 100) / (Date.now() - begun)
  const seconds = readFileSync(join(directory, 'loop-delay'), 'utf8').split('\n').filter(Boolean)
  const late = seconds.map((line) => JSON.parse(line)).filter(({ at }) => at > begun + 1_000)
  const asked = performance.now()
  await sendRequests({ port, ...LOAD })
  const requests = (performance.now() - asked) / 1000
  clearInterval(watch)
  const worst = (name) => Math.max(...late.map((each) => each[name]))
  return { cpu, p99: worst('p99'), max: worst('max'), requests, disk: disk / 1024 / 1024 }
}

function bytesUnder(directory) {
  const files = readdirSync(directory, { recursive: true, withFileTypes: true }).filter((each) => each.isFile())
  const sizeOf = (file) => statSync(join(file.parentPath, file.name), { throwIfNoEntry: false })?.size ?? 0
  return files.reduce((sum, file) => sum + sizeOf(file), 0)
}

export function render({ rounds, figures }) {
  const rows = figures.map(({ figure, quiet, flood }) => [WHAT[figure], showSummary(quiet), showSummary(flood)])
  const head = ['', 'no flood', `${RATE / 1e6} MB/s of log`]
  return `An engine that floods its log: median (min-max) of ${rounds} rounds\n\n${table([head, ...rows])}`
}

await runAsProgram(import.meta.url, { measure, render, rounds: ROUNDS })
