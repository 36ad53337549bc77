import { expect, test } from 'vitest'

import { createChildTable } from '../../../src/process/child-table.ts'
import { createProcesses } from '../../../src/process/index.ts'
import { createWorld, shell } from './world.ts'

test('a host without procfs knows the leader as long as it is a child of ours, and nothing else', async () => {
  const world = createWorld(createProcesses({ table: createChildTable() }))
  const engine = await world.spawn(shell('sleep 3600 & exec sleep 3600'))
  const { identity } = engine
  expect(await world.processes.members(identity)).toEqual({ proven: [identity.leader], unproven: 0 })
  expect(await world.processes.ownerOf({ kind: 'tcp', host: '127.0.0.1', port: 1 }, identity)).toBe('unknown')
  expect(await world.processes.activity(identity)).toBeNull()

  // Another daemon, or this one after a restart, has no way to know it.
  const later = createProcesses({ table: createChildTable() })
  expect(await later.members(identity)).toEqual({ proven: [], unproven: 0 })

  if (!identity.leader) throw new Error('a spawned engine has a leader')
  process.kill(-identity.leader.pid, 'SIGTERM')
  expect(await engine.exited).toEqual({ code: null, signal: 'SIGTERM' })
  expect(world.processes.signal(identity.leader, 'SIGKILL')).toBe(false)
  expect(await world.processes.members(identity)).toEqual({ proven: [], unproven: 0 })
})
