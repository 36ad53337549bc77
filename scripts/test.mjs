// The whole test suite, from a fresh clone on. The last line says how many tests passed, failed and were skipped.
import { runLanes } from './lib/lanes.mjs'
import { build, ensureInstalled, requireNode, step } from './lib/setup.mjs'

requireNode()
ensureInstalled()
step('Building')
build()

process.exitCode = runLanes([
  {
    name: 'Units, golden files and the rules of the house',
    paths: ['tests/unit', 'tests/golden', 'tests/architecture.test.ts', 'tests/lint-ban.test.ts'],
  },
  { name: 'Simulation', paths: ['tests/sim'] },
  { name: 'Gateway', paths: ['tests/gateway'] },
  {
    name: 'Processes, the whole daemon, clients and real engines',
    paths: ['tests/lifecycle', 'tests/clients', 'tests/e2e'],
  },
])
