// CPU time of the daemon per JSON request and per streamed token, beside nginx and beside no proxy at all.
//
//   node scripts/build.mjs && node scripts/bench/requests.mjs [--rounds 5] [--json]
//
// The load is a count, so that a disturbed round takes longer and costs the same. The servers take turns in every
// round. For `direct` the figure is the engine's own CPU: what is left when nothing stands in front of it.
import { startDaemon } from './lib/daemon.mjs'
import { BENCH_KNOBS, engineModel, startEngine } from './lib/engine.mjs'
import { show, showSummary, summarize, table } from './lib/figures.mjs'
import { openStreams, sendRequests } from './lib/load.mjs'
import { startNginx } from './lib/nginx.mjs'
import { runAsProgram } from './lib/options.mjs'
import { cpuSeconds } from './lib/procfs.mjs'
import { withRig } from './lib/rig.mjs'

export const ROUNDS = 5

/**
 * `rival`, `rivalNginx`: llama-swap with its leanest settings, and nginx beside it, measured earlier on another machine
 * of this size. Machines differ, so what is compared is how many times nginx each of them takes in its own run.
 */
const CASES = Object.freeze([
  { name: 'JSON, 32 connections', unit: 'request', connections: 32, count: 30_000, rival: 264, rivalNginx: 15.8 },
  { name: 'JSON, 1 connection', unit: 'request', connections: 1, count: 8_000, rival: 349, rivalNginx: 54 },
  { name: 'SSE, 50 streams', unit: 'token', streams: 50, count: 25_000, rival: 57, rivalNginx: 27 },
  { name: 'SSE, 200 streams', unit: 'token', streams: 200, count: 80_000, rival: 31.8, rivalNginx: 16.4 },
])
/** Requests and tokens before the first measurement, for the compiler to see what is hot. */
const WARM_UP = 10_000

export function measure({ rounds }) {
  return withRig({ pinned: true }, async (rig) => {
    const targets = await startTargets(rig)
    const samples = new Map(CASES.map((each) => [each, new Map(targets.map(({ name }) => [name, []]))]))
    for (const target of targets) await warmUp(target)
    for (let round = 0; round < rounds; round += 1) {
      for (const each of CASES) {
        for (const target of targets)
          samples
            .get(each)
            .get(target.name)
            .push(await microsecondsPer(each, target))
      }
    }
    const cases = CASES.map((each) => ({
      ...each,
      servers: Object.fromEntries([...samples.get(each)].map(([name, values]) => [name, summarize(values)])),
    }))
    return { rounds, cases }
  })
}

async function startTargets(rig) {
  const engine = await startEngine(rig, BENCH_KNOBS)
  const nginx = await startNginx(rig, engine.port)
  if (nginx === null) console.error('nginx is not installed: its column is left out')
  const daemon = await startDaemon(rig, { models: { bench: engineModel(rig, BENCH_KNOBS) } })
  return [
    { name: 'direct', ...engine },
    ...(nginx === null ? [] : [{ name: 'nginx', ...nginx }]),
    { name: 'enginehouse', ...daemon },
  ]
}

async function warmUp({ port }) {
  await sendRequests({ port, connections: 32, requests: WARM_UP })
  const open = await openStreams({ port, streams: 200 })
  await open.take(WARM_UP)
  await open.close()
}

async function microsecondsPer({ connections, streams, count }, { port, pid }) {
  if (connections !== undefined) {
    const before = cpuSeconds(pid)
    await sendRequests({ port, connections, requests: count })
    return ((cpuSeconds(pid) - before) / count) * 1e6
  }
  const open = await openStreams({ port, streams })
  const before = cpuSeconds(pid)
  const tokens = open.tokens
  await open.take(count)
  const spent = cpuSeconds(pid) - before
  const taken = open.tokens - tokens
  await open.close()
  return (spent / taken) * 1e6
}

export function render({ rounds, cases }) {
  const names = Object.keys(cases[0].servers)
  const rows = cases.map(({ name, unit, servers, rival, rivalNginx }) => [
    `${name}: us CPU per ${unit}`,
    ...names.map((server) => showSummary(servers[server])),
    servers.nginx === undefined ? '' : `${show(servers.enginehouse.median / servers.nginx.median)}x`,
    `${show(rival / rivalNginx)}x (${rival} us)`,
  ])
  const head = ['', ...names, 'enginehouse / nginx', 'llama-swap lean / nginx (earlier)']
  return `CPU per unit of work: median (min-max) of ${rounds} rounds\n\n${table([head, ...rows])}`
}

await runAsProgram(import.meta.url, { measure, render, rounds: ROUNDS })
