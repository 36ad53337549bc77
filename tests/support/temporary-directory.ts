import { mkdirSync, mkdtempSync } from 'node:fs'
import { rm } from 'node:fs/promises'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import { runDirectory } from './run.ts'

/** A directory with mode 0700 that goes away, with all in it, when the test that asked for it has ended. */
export function temporaryDirectory(): string {
  const directory = directoryOfRun()
  onTestFinished(() => rm(directory, { recursive: true, force: true, maxRetries: 3 }))
  return directory
}

/** One that stays until the run is over: for a hook that serves several tests. */
function directoryOfRun(): string {
  mkdirSync(runDirectory(), { recursive: true, mode: 0o700 })
  return mkdtempSync(join(runDirectory(), 't-'))
}
