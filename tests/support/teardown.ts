import { randomBytes } from 'node:crypto'
import { existsSync, rmSync } from 'node:fs'

import { RUN_VARIABLE, runDirectory } from './run.ts'
import { sweepRun } from './sweep.ts'

/** Names the run before any worker begins: workers and what they start inherit it. */
export function setup(): void {
  process.env[RUN_VARIABLE] = randomBytes(4).toString('hex')
}

/** Ends what the tests left running, and says so: it is a fault of a test, or of the program. */
export function teardown(): void {
  if (existsSync('/proc/self/stat')) {
    for (const { pid, command } of sweepRun()) process.stderr.write(`left by the tests, killed: ${pid} ${command}\n`)
  }
  rmSync(runDirectory(), { recursive: true, force: true })
}
