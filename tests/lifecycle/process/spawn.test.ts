import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { EnginehouseError } from '../../../src/core/index.ts'
import { createChildTable } from '../../../src/process/child-table.ts'
import { createProcesses } from '../../../src/process/index.ts'
import type { ProcessTable } from '../../../src/process/table.ts'
import { untilEvent } from '../../support/fake-engine.ts'
import { textOf } from '../../support/gates.ts'
import { testEnvironment } from '../../support/run.ts'
import { isLiving } from '../../support/sweep.ts'
import { createWorld, shell } from './world.ts'

describe('how a process ends is told as it was', () => {
  test.each([
    ['exit 0', 'exit 0', { code: 0, signal: null }],
    ['exit 3', 'exit 3', { code: 3, signal: null }],
    ['a signal', 'kill -ABRT $$', { code: null, signal: 'SIGABRT' }],
    ['KILL', 'kill -KILL $$', { code: null, signal: 'SIGKILL' }],
  ])('%s', async (_name, script, expected) => {
    const engine = await createWorld().spawn(shell(script))
    expect(await engine.exited).toEqual(expected)
    await engine.drained
  })
})

describe('what cannot be started is refused with the reason', () => {
  test.each([
    ['a program that is not there', ['/nowhere/engine'], 'there is no such program'],
    ['one that is not on PATH', ['no-such-engine'], 'there is no such program'],
    ['a file that is not executable', ['./plain'], 'it may not be executed'],
  ])('%s', async (_name, argv, why) => {
    const world = createWorld()
    writeFileSync(join(world.directory, 'plain'), 'not a program')
    await expect(world.processes.spawn(world.order(argv))).rejects.toMatchObject({
      code: 'engine_spawn_failed',
      facts: { program: argv[0], why },
    })
  })

  test('a working directory that is not there is named as what is missing', async () => {
    const world = createWorld()
    const order = world.order(shell('exit 0'), { cwd: join(world.directory, 'gone') })
    await expect(world.processes.spawn(order)).rejects.toThrow(/its working directory .*gone is not there/)
  })

  test('an instance directory that is not there', async () => {
    const world = createWorld()
    const order = world.order(shell('exit 0'), { directory: join(world.directory, 'gone') })
    await expect(world.processes.spawn(order)).rejects.toMatchObject({ code: 'engine_spawn_failed' })
  })

  test('no command at all', async () => {
    const world = createWorld()
    await expect(world.processes.spawn(world.order([]))).rejects.toMatchObject({ code: 'engine_spawn_failed' })
  })
})

describe('what a process is given', () => {
  test('exactly the environment of the order, the nonce, and the guard of the nonce', async () => {
    const world = createWorld()
    const env = testEnvironment({ LLAMA_API_KEY: 'key' })
    const engine = await world.spawn([process.execPath, '-e', 'console.log(JSON.stringify(process.env))'], { env })
    await engine.drained
    expect(JSON.parse(engine.tail()[0] ?? '')).toEqual({
      ...env,
      SPT_NOENV: '1',
      ENGINEHOUSE_NONCE: engine.identity.nonce,
    })
  })

  test('an empty standard input, and both outputs in one private file, in order', async () => {
    const world = createWorld()
    const engine = await world.spawn(shell('cat; echo out; echo err >&2; echo out again'))
    await engine.drained
    const log = join(world.directory, 'engine.log')
    expect(textOf(log)).toBe('out\nerr\nout again\n')
    expect(statSync(log).mode & 0o777).toBe(0o600)
    expect(engine.tail()).toEqual(['out', 'err', 'out again'])
  })

  test('a session of its own, and no descriptor of ours', async () => {
    const world = createWorld()
    const engine = await world.spawn(shell('cut -d" " -f6 /proc/$$/stat; echo $$; ls /proc/$$/fd | tr "\\n" " "'))
    await engine.drained
    const [session, pid, descriptors] = engine.tail()
    expect(session).toBe(pid)
    // The shell itself opens none above 2 but its own at 10 and up.
    expect(
      descriptors
        ?.trim()
        .split(' ')
        .map(Number)
        .filter((each) => each < 10),
    ).toEqual([0, 1, 2])
  })

  test('a place without the stale socket of an earlier try', async () => {
    const world = createWorld()
    const socket = join(world.directory, 'engine.sock')
    writeFileSync(socket, '')
    const engine = await world.spawn(shell(`test -e ${socket} && echo stale || echo clean`), {
      unlink: [socket, join(world.directory, 'never-was.sock')],
    })
    await engine.drained
    expect(engine.tail()).toEqual(['clean'])
  })
})

test('the log of an earlier launch in the same directory is kept, and not told again', async () => {
  const world = createWorld()
  await (
    await world.spawn(shell('echo first'))
  ).drained
  const second = await world.spawn(shell('echo second'))
  await second.drained
  expect(second.tail()).toEqual(['second'])
  expect(textOf(join(world.directory, 'engine.log'))).toBe('first\nsecond\n')
})

test('the identity names this process of this boot', async () => {
  const world = createWorld()
  const gate = join(world.directory, 'go')
  const engine = await world.engine('--ready-gate', gate, '--listen', join(world.directory, 's'))
  const { pid } = await untilEvent(world.record, 'started')
  const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
  const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19]
  expect(engine.identity).toMatchObject({
    bootId: readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim(),
    leader: { pid, startTime },
  })
  expect(engine.identity.bootId).toBe(world.processes.bootId)
})

test('a process that cannot be named is killed at once', async () => {
  let pid = 0
  const unnamed = () => {
    throw new EnginehouseError('internal', { what: 'no procfs' })
  }
  const table: ProcessTable = { ...createChildTable(), identify: (child) => ((pid = child), unnamed()) }
  const world = createWorld(createProcesses({ table }))
  await expect(world.processes.spawn(world.order(['sleep', '3600']))).rejects.toMatchObject({ code: 'internal' })
  expect(pid).toBeGreaterThan(1)
  expect(isLiving(pid)).toBe(false)
})
