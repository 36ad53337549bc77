// What to run before every commit: types, lint, format, units and a tenth of the simulation, in under 90 seconds.
import { join } from 'node:path'
import { runLanes } from './lib/lanes.mjs'
import { ensureInstalled, requireNode, ROOT, run, step } from './lib/setup.mjs'

const tool = (name) => join(ROOT, 'node_modules', '.bin', name)

requireNode()
ensureInstalled()
step('Types')
run(tool('tsc'), ['-p', 'tsconfig.json'])
step('Lint')
run(tool('oxlint'), ['--deny-warnings'])
step('Format')
run(tool('oxfmt'), ['--check'])

process.exitCode = runLanes([
  {
    name: 'Units, golden files and the rules of the house',
    paths: ['tests/unit', 'tests/golden', 'tests/architecture.test.ts', 'tests/lint-ban.test.ts'],
    // `npm test` runs the same in isolation, where a file that leans on another's modules shows.
    isolate: false,
  },
  { name: 'Simulation', paths: ['tests/sim/simulation.test.ts'], environment: { ENGINEHOUSE_SIM_SCHEDULES: '200' } },
])
