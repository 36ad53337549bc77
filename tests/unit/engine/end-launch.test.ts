import { expect, test } from 'vitest'

import type { EngineProcess, ProcessRef, Processes, SharedSegment, SpawnOrder } from '../../../src/core/index.ts'
import { endLaunch } from '../../../src/engine/end-launch.ts'
import { VirtualClock } from './virtual.ts'

const LEADER: ProcessRef = { pid: 100, startTime: '1' }
const EARLY: SharedSegment = { path: '/dev/shm/early', inode: '1' }
const LATE: SharedSegment = { path: '/dev/shm/late', inode: '2' }
const SPAWNED: Omit<SpawnOrder, 'argv'> = { env: {}, cwd: '/', directory: '/run/i', nonce: 'n', unlink: [] }

/** What happens to a launch whose leader lives or not, and whose stop command ends with these codes, in order. */
async function end(codes: readonly number[], { lives = true, spawned = true } = {}) {
  const clock = new VirtualClock()
  const did: string[] = []
  let alive = lives
  const processes = {
    members: async () => ({ proven: alive ? [LEADER] : [], unproven: 0 }),
    signal: (_ref, signal) => {
      if (signal === 'SIGTERM') {
        did.push('term')
        alive = false
      }
      return true
    },
    spawn: async ({ argv }) => {
      did.push(argv.join(' '))
      const code = codes[did.filter((each) => each === argv.join(' ')).length - 1] ?? 0
      const exited = Promise.resolve({ code, signal: null })
      return { exited, drained: exited, onLine: () => {} } as Pick<EngineProcess, 'exited' | 'onLine'> as EngineProcess
    },
    sharedMemory: async () => (alive ? [LATE] : []),
    freeSharedMemory: async (segments) => void did.push(`free ${segments.map(({ path }) => path).join(' ')}`),
  } as Pick<Processes, 'members' | 'signal' | 'spawn' | 'sharedMemory' | 'freeSharedMemory'> as Processes
  const ended = endLaunch({
    clock,
    processes,
    identity: { nonce: 'n', bootId: 'b', leader: LEADER },
    stop: { signal: 'SIGTERM', repeatAfter: null, grace: 1000, command: ['docker', 'stop', 'c'] },
    spawned: spawned ? SPAWNED : null,
    exited: Promise.resolve(),
    sharedMemory: [EARLY],
    onLine: () => {},
  })
  const { survivors } = await clock.until(ended)
  return { did, survivors }
}

test('the stop command, the signal, then what it held of shared memory at any time', async () => {
  expect(await end([0])).toEqual({
    did: ['docker stop c', 'term', 'free /dev/shm/early /dev/shm/late'],
    survivors: [],
  })
})

test('a stop command that failed is run once more behind the signal', async () => {
  expect((await end([1, 1])).did).toEqual([
    'docker stop c',
    'term',
    'docker stop c',
    'free /dev/shm/early /dev/shm/late',
  ])
})

test('it is run for an engine that ended by itself, whose container may live on', async () => {
  expect((await end([0], { lives: false })).did).toEqual(['docker stop c', 'free /dev/shm/early'])
})

test('nothing is run for a launch that never had a process', async () => {
  expect((await end([0], { lives: false, spawned: false })).did).toEqual(['free /dev/shm/early'])
})
