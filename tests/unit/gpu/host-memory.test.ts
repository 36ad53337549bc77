import { describe, expect, test } from 'vitest'

import { GIB, HOST } from '../../../src/core/index.ts'
import { createHostMemory, measureHost } from '../../../src/gpu/host-memory.ts'
import type { HostMeasurement } from '../../../src/gpu/host-memory.ts'

function host(measured: HostMeasurement, share: { share: number } | { bytes: number } = { share: 0.75 }) {
  const world = { now: 0, measured, reads: 0 }
  const gpus = createHostMemory({
    share,
    now: () => world.now,
    measure: () => {
      world.reads += 1
      return world.measured
    },
  })
  return { world, gpus }
}

describe('what engines may claim', () => {
  test.each([
    ['a share', { share: 0.75 }, 4 * GIB],
    ['a size', { bytes: 10 * GIB }, 6 * GIB],
    ['more than there is', { bytes: 99 * GIB }, 0],
  ])('%s leaves the rest as reserve', (_name, share, reserve) => {
    const { gpus } = host({ total: 16 * GIB, free: 12 * GIB }, share)
    expect(gpus.facts()).toEqual([
      {
        id: HOST,
        kind: 'host',
        index: 0,
        name: 'host memory',
        total: 16 * GIB,
        reserve,
        measuredFree: 12 * GIB,
        measuredAt: 0,
      },
    ])
  })

  test('another share counts at once, whatever was measured a moment ago', () => {
    const { gpus } = host({ total: 16 * GIB, free: 12 * GIB })
    gpus.setShare({ bytes: 2 * GIB })
    expect(gpus.facts()[0]?.reserve).toBe(14 * GIB)
  })
})

test('it is measured at most once a second', () => {
  const { world, gpus } = host({ total: 16 * GIB, free: 12 * GIB })
  for (world.now = 0; world.now < 1000; world.now += 100) gpus.facts()
  expect(world.reads).toBe(1)
  gpus.facts()
  expect(world.reads).toBe(2)
})

test('a notable change is told once, a small one is not', async () => {
  const { world, gpus } = host({ total: 100 * GIB, free: 50 * GIB })
  let told = 0
  gpus.onChange(() => (told += 1))
  for (const free of [52, 48, 56, 57, 40]) {
    world.now += 1000
    world.measured = { total: 100 * GIB, free: free * GIB }
    gpus.facts()
  }
  await new Promise((resolve) => setImmediate(resolve))
  expect(told).toBe(2)
})

test('memory of the host is back when its process is gone; of another device nothing is known', async () => {
  const { gpus } = host({ total: 16 * GIB, free: 12 * GIB })
  const onHost = { device: HOST, bytes: GIB, origin: 'declared' as const }
  expect(await gpus.proveReleased([onHost])).toEqual({ kind: 'released' })
  expect(await gpus.proveReleased([onHost, { ...onHost, device: 'GPU-1' }])).toMatchObject({
    kind: 'missing',
    missing: [{ device: 'GPU-1', bytes: GIB }],
  })
})

test('this host has memory, and no more free than there is', () => {
  const { total, free } = measureHost()
  expect(total).toBeGreaterThan(0)
  expect(free ?? 0).toBeLessThanOrEqual(total)
})
