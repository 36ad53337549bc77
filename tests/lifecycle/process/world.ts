import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import { onTestFinished } from 'vitest'

import type { EngineProcess, Processes, SpawnOrder } from '../../../src/core/index.ts'
import { createProcesses } from '../../../src/process/index.ts'
import { fakeEngineArgv } from '../../support/fake-engine.ts'
import { untilTrue } from '../../support/gates.ts'
import { testEnvironment } from '../../support/run.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

export interface World {
  readonly processes: Processes
  readonly directory: string
  order(argv: readonly string[], more?: Partial<SpawnOrder>): SpawnOrder
  /** Spawns, and kills all that can be proven of it when the test has ended. */
  spawn(argv: readonly string[], more?: Partial<SpawnOrder>): Promise<EngineProcess>
  /** A fake engine whose `--record` is `record`. */
  engine(...knobs: readonly string[]): Promise<EngineProcess>
  readonly record: string
  killAll(engine: EngineProcess): Promise<void>
}

export function createWorld(processes: Processes = createProcesses()): World {
  const directory = temporaryDirectory()
  const record = join(directory, 'record')
  const world: World = {
    processes,
    directory,
    record,
    order: (argv, more) => ({
      argv,
      env: testEnvironment(),
      cwd: directory,
      directory,
      nonce: randomBytes(16).toString('hex'),
      unlink: [],
      ...more,
    }),
    async spawn(argv, more) {
      const engine = await processes.spawn(world.order(argv, more))
      onTestFinished(() => world.killAll(engine))
      return engine
    },
    engine: (...knobs) => world.spawn(fakeEngineArgv('--record', record, ...knobs)),
    async killAll({ identity }) {
      await untilTrue(async () => {
        const { proven } = await processes.members(identity)
        for (const member of proven) processes.signal(member, 'SIGKILL')
        return proven.length === 0
      })
    },
  }
  return world
}

/** A shell that runs `script`. */
export function shell(script: string): readonly string[] {
  return ['sh', '-c', script]
}
