// Memory of the daemon itself, engines not counted: when it has started, when one model was used, and under load.
//
//   node scripts/build.mjs && node scripts/bench/memory.mjs [--rounds 3] [--json]
import { startDaemon } from './lib/daemon.mjs'
import { BENCH_KNOBS, engineModel } from './lib/engine.mjs'
import { showSummary, summarize, table } from './lib/figures.mjs'
import { openStreams, sendRequests } from './lib/load.mjs'
import { runAsProgram } from './lib/options.mjs'
import { memory } from './lib/procfs.mjs'
import { withRig } from './lib/rig.mjs'

export const ROUNDS = 3

const LOAD = Object.freeze({ connections: 32, requests: 50_000 })
const STREAMS = 500
/** Between the last work and the look, in milliseconds: what is only waiting to be collected shall be gone. */
const REST = 3_000
/** PSS of llama-swap with its leanest settings in MiB, from an earlier measurement on a machine of this kind. */
const RIVAL = Object.freeze({ started: 16.5, used: 17.7, loaded: 24.6, streaming: 58.1 })
const WHAT = Object.freeze({
  started: 'started, idle',
  used: 'idle, one model used once',
  loaded: `after ${LOAD.requests} JSON requests over ${LOAD.connections} connections`,
  streaming: `then ${STREAMS} open streams`,
})

export async function measure({ rounds }) {
  const samples = []
  for (let round = 0; round < rounds; round += 1) samples.push(await withRig({ pinned: false }, measureOnce))
  const states = Object.keys(WHAT).map((state) => ({
    state,
    rival: RIVAL[state],
    pss: summarize(samples.map((sample) => sample[state].pss)),
    rss: summarize(samples.map((sample) => sample[state].rss)),
  }))
  return { rounds, states }
}

async function measureOnce(rig) {
  const { port, pid } = await startDaemon(rig, { models: { bench: engineModel(rig, BENCH_KNOBS) } })
  const look = async () => {
    await new Promise((resolve) => setTimeout(resolve, REST))
    return memory(pid)
  }
  const started = await look()
  await sendRequests({ port, connections: 1, requests: 1 })
  const used = await look()
  await sendRequests({ port, ...LOAD })
  const loaded = await look()
  const open = await openStreams({ port, streams: STREAMS })
  const streaming = await look()
  await open.close()
  return { started, used, streaming, loaded }
}

export function render({ rounds, states }) {
  const rows = states.map(({ state, pss, rss, rival }) => [
    WHAT[state],
    showSummary(pss),
    showSummary(rss),
    String(rival),
  ])
  const head = ['MiB', 'PSS', 'RSS', 'llama-swap lean, PSS (earlier)']
  return `Memory of the daemon without engines: median (min-max) of ${rounds} rounds\n\n${table([head, ...rows])}`
}

await runAsProgram(import.meta.url, { measure, render, rounds: ROUNDS })
