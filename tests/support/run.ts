import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * In the environment of every process that a test starts: whoever still carries it when the run is over is a leftover.
 * Set by teardown.ts before the workers begin.
 */
export const RUN_VARIABLE = 'ENGINEHOUSE_TEST_RUN'

/** Names this run of the tests; without the global set-up, this worker. */
export function testRun(): string {
  return (process.env[RUN_VARIABLE] ??= `worker-${process.pid}`)
}

/** All temporary directories of the run are in it. Short: a socket's whole path has to stay under 108 bytes. */
export function runDirectory(): string {
  return join(tmpdir(), `eh-${testRun()}`)
}

/** A small complete environment for a process that a test starts. */
export function testEnvironment(more: Readonly<Record<string, string>> = {}): Record<string, string> {
  return { PATH: process.env['PATH'] ?? '', HOME: runDirectory(), [RUN_VARIABLE]: testRun(), ...more }
}
