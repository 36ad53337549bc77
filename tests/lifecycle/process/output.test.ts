import { readFileSync, readdirSync, readlinkSync, truncateSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { MIB } from '../../../src/core/index.ts'
import { untilTrue } from '../../support/gates.ts'
import { createWorld, shell } from './world.ts'

function openLogs(directory: string): number {
  return readdirSync('/proc/self/fd').filter((descriptor) => {
    try {
      return readlinkSync(`/proc/self/fd/${descriptor}`).startsWith(directory)
    } catch {
      return false
    }
  }).length
}

describe('lines', () => {
  test('come while the process runs, in order, to everyone who listens', async () => {
    const world = createWorld()
    const gate = join(world.directory, 'gate')
    const engine = await world.spawn(shell(`mkfifo ${gate}; echo one; read x < ${gate}; echo two`))
    const lines: string[] = []
    const others: string[] = []
    engine.onLine((line) => lines.push(line))
    engine.onLine((line) => others.push(line))
    await untilTrue(() => lines.length === 1)
    await world.spawn(shell(`echo go > ${gate}`), { directory: world.directory })
    await engine.drained
    expect(lines).toEqual(['one', 'two'])
    expect(others).toEqual(lines)
  })

  test('the last hundred are kept', async () => {
    const world = createWorld()
    const engine = await world.spawn(shell('seq 1 250'))
    await engine.drained
    expect(engine.tail()).toEqual(Array.from({ length: 100 }, (_, index) => String(index + 151)))
  })

  test('bytes that are no text, and a line of megabytes, do no harm', async () => {
    const world = createWorld()
    const engine = await world.spawn(shell('printf "a\\377b\\n"; head -c 3000000 /dev/zero; echo; echo last'))
    await engine.drained
    const [first, long, last] = engine.tail()
    expect(first).toBe('a\u{fffd}b')
    expect(long).toHaveLength(8 * 1024 + 1)
    expect(last).toBe('last')
  })

  test('a line without an end is told at the exit', async () => {
    const world = createWorld()
    const engine = await world.spawn(shell('printf "no end"'))
    await engine.drained
    expect(engine.tail()).toEqual(['no end'])
  })
})

test('a truncated log is read on from its start', async () => {
  const world = createWorld()
  const gate = join(world.directory, 'gate')
  const engine = await world.spawn(shell(`mkfifo ${gate}; echo before it was cut; read x < ${gate}; echo after`))
  await untilTrue(() => engine.tail().length === 1)
  truncateSync(join(world.directory, 'engine.log'))
  await world.spawn(shell(`echo go > ${gate}`), { directory: world.directory })
  await engine.drained
  expect(engine.tail()).toEqual(['before it was cut', 'after'])
})

describe('a flood', () => {
  test('of 200 MB neither fills the memory nor holds the loop; its last line is told', async () => {
    const world = createWorld()
    const before = process.memoryUsage.rss()
    const engine = await world.engine('--flood', String(200 * 1e6), '--listen', join(world.directory, 's'))
    let turns = 0
    const turning = setInterval(() => (turns += 1), 1)
    await untilTrue(() => engine.tail().includes('main: model loaded'))
    clearInterval(turning)
    expect(engine.tail()).toContain('flood ends')
    // Reading 200 MB at one go would be one turn, and holding them would be 200 MB.
    expect(turns).toBeGreaterThan(20)
    expect(process.memoryUsage.rss() - before).toBeLessThan(100 * MIB)
  })

  test('of a few megabytes is told whole', async () => {
    const world = createWorld()
    let lines = 0
    const engine = await world.spawn(shell('seq 1 500000'))
    engine.onLine(() => (lines += 1))
    await engine.drained
    expect(lines).toBe(500_000)
    expect(engine.tail().at(-1)).toBe('500000')
  })

  test('that goes on after the exit, from a child, does not hold the end back', async () => {
    const world = createWorld()
    const engine = await world.spawn(shell('yes flood & echo leader; exit 0'))
    await engine.drained
    expect((await world.processes.members(engine.identity)).proven).toHaveLength(1)
  })
})

test('a daemon that has seen a hundred engines end holds none of their logs', async () => {
  const world = createWorld()
  for (let round = 0; round < 10; round += 1) {
    const engines = await Promise.all(Array.from({ length: 10 }, () => world.spawn(shell('echo hello'))))
    await Promise.all(engines.map((engine) => engine.drained))
  }
  expect(openLogs(world.directory)).toBe(0)
  const watches = readdirSync('/proc/self/fdinfo').map((descriptor) => {
    try {
      return readFileSync(`/proc/self/fdinfo/${descriptor}`, 'utf8')
        .split('\n')
        .filter((line) => line.startsWith('inotify')).length
    } catch {
      return 0
    }
  })
  expect(watches.reduce((sum, count) => sum + count, 0)).toBe(0)
})
