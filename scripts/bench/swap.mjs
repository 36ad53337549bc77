// What the daemon adds to a swap of two models of which only one fits: from the request to the first byte of its
// answer, less the old engine's own stop (TERM to exit) and the new one's own start (birth to ready).
//
//   node scripts/build.mjs && node scripts/bench/swap.mjs [--rounds 12] [--json]
//
// A round is one swap.
import { join } from 'node:path'
import { ask } from './lib/client.mjs'
import { startDaemon } from './lib/daemon.mjs'
import { engineModel, eventsOf } from './lib/engine.mjs'
import { show, showSummary, summarize, table } from './lib/figures.mjs'
import { runAsProgram } from './lib/options.mjs'
import { withRig } from './lib/rig.mjs'

export const ROUNDS = 12

/** Longer than a model is kept after its load, which is as long as the load took. In milliseconds. */
const RESIDENCE = 2_000
/** llama-swap between two models of an exclusive group, in milliseconds, from an earlier measurement. */
const RIVAL = 254

export function measure({ rounds }) {
  return withRig({ pinned: false }, async (rig) => {
    const record = (model) => join(rig.directory, `${model}.jsonl`)
    const model = (name) => engineModel(rig, ['--bench', '--record', record(name)])
    const { port } = await startDaemon(rig, {
      memory: { host: '400MiB' },
      models: { one: model('one'), other: model('other') },
    })
    let [resident, next] = ['one', 'other']
    await ask({ port, model: resident })
    const swaps = []
    for (let round = 0; round < rounds; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, RESIDENCE))
      const { asked, firstByte } = await ask({ port, model: next })
      swaps.push(partsOf({ asked, firstByte, old: eventsOf(record(resident)), new: eventsOf(record(next)) }))
      ;[resident, next] = [next, resident]
    }
    const part = (name) => summarize(swaps.map((swap) => swap[name]))
    return {
      rounds,
      rival: RIVAL,
      decide: part('decide'),
      between: part('between'),
      after: part('after'),
      added: part('added'),
    }
  })
}

function partsOf({ asked, firstByte, ...events }) {
  const last = (whose, kind) => events[whose].findLast(({ event }) => event === kind)
  const decide = last('old', 'term').at - asked
  const between = last('new', 'started').born - last('old', 'exit').at
  const after = firstByte - last('new', 'ready').at
  return { decide, between, after, added: decide + between + after }
}

export function render({ rounds, decide, between, after, added, rival }) {
  const rows = [
    ['request to TERM in the old engine', show(decide.mean), showSummary(decide), ''],
    ['exit of the old to the birth of the new', show(between.mean), showSummary(between), ''],
    ['new engine ready to the first byte', show(after.mean), showSummary(after), ''],
    ["**added to the engines' own stop and start**", `**${show(added.mean)}**`, showSummary(added), String(rival)],
  ]
  const head = ['ms', 'mean', 'median (min-max)', 'llama-swap (earlier)']
  return `Swaps of two models of which one fits: ${rounds}\n\n${table([head, ...rows])}`
}

await runAsProgram(import.meta.url, { measure, render, rounds: ROUNDS })
