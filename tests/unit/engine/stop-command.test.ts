import { expect, test } from 'vitest'
import { EnginehouseError, type Processes, type SpawnOrder } from '../../../src/core/index.ts'
import { runStopCommand } from '../../../src/engine/stop-command.ts'
import { VirtualClock } from './virtual.ts'

const ORDER: SpawnOrder = {
  argv: ['serve'],
  env: { A: '1' },
  cwd: '/srv',
  directory: '/run/i1',
  nonce: 'n',
  unlink: ['/s'],
}

async function stopBy(command: readonly string[] | undefined) {
  const clock = new VirtualClock()
  const orders: SpawnOrder[] = []
  const lines: string[] = []
  const processes = {
    spawn: async (order: SpawnOrder) => {
      orders.push(order)
      throw new EnginehouseError('engine_spawn_failed', { program: 'gone', why: 'there is no such program' })
    },
  } as Pick<Processes, 'spawn'> as Processes
  const stop = { signal: 'SIGTERM', repeatAfter: null, grace: 1000, ...(command && { command }) } as const
  await clock.until(runStopCommand({ clock, processes, stop, order: ORDER, onLine: (line) => lines.push(line) }))
  return { orders, lines }
}

test('a stop command that is not there is told of, and does not keep the signal back', async () => {
  const { orders, lines } = await stopBy(['gone', 'x'])
  // In the engine's place and of its launch; its socket is still in use.
  expect(orders).toEqual([{ ...ORDER, argv: ['gone', 'x'], unlink: [], log: 'stop.log' }])
  expect(lines).toEqual([expect.stringMatching(/^\[enginehouse: the stop command failed: .*there is no such program/)])
})

test('nothing is run where there is none', async () => {
  expect(await stopBy(undefined)).toEqual({ orders: [], lines: [] })
})
