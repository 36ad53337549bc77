// Every bench after the other: Markdown tables on standard output, and all figures as one line of JSON after them.
//
//   node scripts/build.mjs && node scripts/bench/all.mjs [--rounds N]
//
// Takes about ten minutes; on a machine that does nothing else. `--rounds` replaces each bench's own number.
import * as coldStart from './cold-start.mjs'
import * as flood from './flood.mjs'
import * as memory from './memory.mjs'
import * as requests from './requests.mjs'
import * as swap from './swap.mjs'
import { describeMachine } from './lib/machine.mjs'
import { readOptions } from './lib/options.mjs'

const BENCHES = Object.freeze({ requests, 'cold-start': coldStart, swap, memory, flood })

const { rounds } = readOptions({ rounds: null })
const machine = describeMachine()
console.log(`${machine.sentence}\n`)
const results = {}
for (const [name, bench] of Object.entries(BENCHES)) {
  console.error(`== ${name}`)
  results[name] = await bench.measure({ rounds: rounds ?? bench.ROUNDS })
  console.log(`## ${name}\n\n${bench.render(results[name])}\n`)
}
console.log(JSON.stringify({ machine, results }))
