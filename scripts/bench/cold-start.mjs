// What the daemon adds to an engine's own start: from the request to the first byte of its answer, less the time from
// the engine's birth to its own word that it is ready.
//
//   node scripts/build.mjs && node scripts/bench/cold-start.mjs [--rounds 2] [--json]
//
// The engines of a round take 0 to 2 s to be ready, evenly spread, because a poller's overhead depends on where in its
// interval they become so. Aim: 20 ms.
import { join } from 'node:path'
import { ask } from './lib/client.mjs'
import { startDaemon } from './lib/daemon.mjs'
import { engineModel, eventsOf } from './lib/engine.mjs'
import { show, showSummary, summarize, table } from './lib/figures.mjs'
import { runAsProgram } from './lib/options.mjs'
import { withRig } from './lib/rig.mjs'

export const ROUNDS = 2

const SPREAD = 2_000
const STARTS = 12
/** llama-swap over the same spread, in milliseconds, from an earlier measurement on a machine of this kind. */
const RIVAL = Object.freeze({ mean: 471, worst: 905 })

export async function measure({ rounds }) {
  const starts = []
  for (let round = 0; round < rounds; round += 1) starts.push(...(await withRig({ pinned: false }, measureOnce)))
  const part = (name) => summarize(starts.map((start) => start[name]))
  return { rounds, starts, rival: RIVAL, before: part('before'), after: part('after'), added: part('added') }
}

/** A model for each start: the models before it stay, so that nothing is stopped meanwhile. */
async function measureOnce(rig) {
  const delays = Array.from({ length: STARTS }, (_, index) => Math.round((index * SPREAD) / (STARTS - 1)))
  const record = (delay) => join(rig.directory, `after-${delay}.jsonl`)
  const models = Object.fromEntries(
    delays.map((delay) => [
      `after-${delay}`,
      engineModel(rig, ['--bench', '--ready-after', String(delay), '--record', record(delay)], { memory: '16MiB' }),
    ]),
  )
  const { port } = await startDaemon(rig, { models })
  const starts = []
  for (const delay of delays) {
    const { asked, firstByte } = await ask({ port, model: `after-${delay}` })
    const events = eventsOf(record(delay))
    const { born } = events.find(({ event }) => event === 'started')
    const { at: ready } = events.find(({ event }) => event === 'ready')
    const before = born - asked
    const after = firstByte - ready
    starts.push({ delay, before, after, added: before + after })
  }
  return starts
}

export function render({ rounds, starts, before, after, added, rival }) {
  const rows = [
    ['request to the birth of the engine', show(before.mean), showSummary(before), ''],
    ['engine ready to the first byte', show(after.mean), showSummary(after), ''],
    [
      '**added to its own start**',
      `**${show(added.mean)}**`,
      showSummary(added),
      `${rival.mean}, worst ${rival.worst}`,
    ],
  ]
  const head = ['ms', 'mean', 'median (min-max)', 'llama-swap, mean (earlier)']
  return `Cold starts over a spread of ${SPREAD / 1000} s: ${starts.length} in ${rounds} rounds\n\n${table([head, ...rows])}`
}

await runAsProgram(import.meta.url, { measure, render, rounds: ROUNDS })
