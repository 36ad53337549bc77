import { expect, it } from 'vitest'

import { deviceNames } from '../../../src/cli/device-names.ts'
import { runCommand } from '../../support/cli.ts'
import { DEVICES, ready } from './answers.ts'
import { stubDaemon } from './stub-daemon.ts'
import { WORLD } from './stub-world.ts'

it('names GPUs by number wherever they stand, and asks only where one is named, and once', async () => {
  let asked = 0
  const [gpu] = DEVICES
  if (!gpu) throw new Error('the world has no GPU')
  const longer = { ...gpu, id: 'GPU-1b5f-2', index: 1 }
  const named = deviceNames({
    devices: async () => {
      asked += 1
      return [...DEVICES, longer]
    },
  })
  const host = { text: 'on host' }
  expect(await named(host)).toBe(host)
  expect(asked).toBe(0)
  expect(await named({ text: 'on GPU-1b5f and GPU-1b5f-2', claim: { 'GPU-1b5f': 1 } })).toEqual({
    text: 'on GPU 0 and GPU 1',
    claim: { 'GPU 0': 1 },
  })
  expect(await named({ text: 'on GPU-gone' })).toEqual({ text: 'on GPU-gone' })
  expect(asked).toBe(1)
})

it('is for people: programs get the ids', async () => {
  const model = ready('big', { claim: { 'GPU-1b5f': { bytes: 1024, origin: 'declared', parts: null } } })
  const decision = { action: 'start', device: 'GPU-1b5f', evict: [], evidence: {} }
  const { environment } = await stubDaemon({ ...WORLD, 'POST /api/v1/models/load': { decision, model } })
  const { stdout } = await runCommand(['load', 'big'], { environment })
  expect(stdout).toBe('big loads on GPU 0\nbig is ready in 1.3s: 1KiB on GPU 0 (declared)\n')
  const data = await runCommand(['load', 'big', '--json'], { environment })
  expect(JSON.parse(data.stdout).decision.device).toBe('GPU-1b5f')
})
