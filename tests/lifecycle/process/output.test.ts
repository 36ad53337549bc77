import {
  createWriteStream,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  readlinkSync,
  statSync,
  truncateSync,
} from 'node:fs'
import { once } from 'node:events'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { MIB } from '../../../src/core/index.ts'
import { CUT_AT } from '../../../src/process/copy-aside.ts'
import { untilTrue } from '../../support/gates.ts'
import { createWorld, shell, type World } from './world.ts'

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

// On a busy machine the flood itself takes its time.
describe('a flood', { timeout: 120_000 }, () => {
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

  test('of a child that outlives the leader fills no disk either', async () => {
    const world = createWorld()
    const child = 'while :; do head -c 2000000 /dev/zero; sleep 0.01; done'
    const engine = await world.spawn(shell(`sh -c '${child}' & echo leader; exit 0`))
    await engine.drained
    const log = join(world.directory, 'engine.log')
    let most = 0
    await untilTrue(() => {
      const { size } = statSync(log)
      most = Math.max(most, size)
      return most > CUT_AT && size < most
    })
    expect(engine.tail()).toContain('leader')
  })

  test('that goes on after the exit, from a child, does not hold the end back', async () => {
    const world = createWorld()
    const engine = await world.spawn(shell('yes flood & echo leader; exit 0'))
    await engine.drained
    // While the child becomes the program that floods, it cannot be proven for a moment.
    await untilTrue(async () => (await world.processes.members(engine.identity)).proven.length === 1)
  })
})

describe('a log that has grown large under its engine', () => {
  /** An engine that says what is written into the pipe, and the numbers of the lines that came from it. */
  async function talkative(world: World) {
    const pipe = join(world.directory, 'pipe')
    const engine = await world.spawn(shell(`mkfifo ${pipe}; echo waiting; exec cat ${pipe}`))
    const heard: string[] = []
    await untilTrue(() => engine.tail().length === 1)
    engine.onLine((line) => heard.push(line))
    return { engine, heard, input: createWriteStream(pipe) }
  }

  const lineOf = (number: number): string => `${number} `.padEnd(1023, '.')

  test('is moved aside with every line told and kept, in order', async () => {
    const world = createWorld()
    const { engine, heard, input } = await talkative(world)
    const log = join(world.directory, 'engine.log')
    const pieces = 12
    for (let piece = 0; piece < pieces; piece += 1) {
      input.write(Array.from({ length: 1024 }, (_, line) => `${lineOf(piece * 1024 + line)}\n`).join(''))
      await untilTrue(() => heard.length >= (piece + 1) * 1024)
      // It is cut in a pause of its writer, which this is.
      if (statSync(log).size > CUT_AT) await untilTrue(() => statSync(log).size === 0)
    }
    input.end()
    await engine.drained
    const expected = Array.from({ length: pieces * 1024 }, (_, number) => lineOf(number))
    expect(heard).toEqual(expected)
    const kept = readFileSync(`${log}.1`, 'utf8') + readFileSync(log, 'utf8')
    // The older file begins with as much of the first lines as there is room for.
    expect(kept.split('\n').slice(1, -1)).toEqual(expected.slice(-(kept.split('\n').length - 2)))
    expect(kept.length).toBeGreaterThan(CUT_AT)
    expect(statSync(log).size).toBeLessThan(CUT_AT)
    expect(readdirSync(world.directory).filter((name) => name.includes('~'))).toEqual([])
  })

  test('is cut all the same where it cannot be moved aside, and the file says so', async () => {
    const world = createWorld()
    mkdirSync(join(world.directory, 'engine.log.1~'))
    const { engine, heard, input } = await talkative(world)
    for (let piece = 0; piece < 9; piece += 1) {
      input.write(`${'x'.repeat(1023)}\n`.repeat(1024))
      await untilTrue(() => heard.length >= (piece + 1) * 1024)
    }
    await untilTrue(() => statSync(join(world.directory, 'engine.log')).size < 1024)
    input.end('the end\n')
    await once(input, 'close')
    await engine.drained
    expect(heard).toHaveLength(9 * 1024 + 1)
    const text = readFileSync(join(world.directory, 'engine.log'), 'utf8')
    expect(text).toMatch(/^\[enginehouse: 9MiB of output before this line are not kept\]\n/)
    expect(text.endsWith('the end\n')).toBe(true)
    expect(existsSync(join(world.directory, 'engine.log.1'))).toBe(false)
  })

  test('keeps the last words of an engine that ends in a flood', async () => {
    for (let round = 0; round < 5; round += 1) {
      const world = createWorld()
      const engine = await world.spawn(shell('yes flood | head -c 60000000; echo last words; exit 3'))
      await engine.drained
      expect(engine.tail().at(-1)).toBe('last words')
      expect(engine.tail().length).toBeGreaterThan(1)
    }
  })
})

test('the lines in memory are bounded in characters too', async () => {
  const world = createWorld()
  const engine = await world.spawn(shell('for i in $(seq 1 90); do printf "%08000d\\n" $i; done'))
  await engine.drained
  expect(engine.tail().at(-1)).toMatch(/^0+90$/)
  expect(engine.tail()).toHaveLength(32)
})

test('LS12: a daemon that has seen a hundred engines end holds none of their logs', async () => {
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
