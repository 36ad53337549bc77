import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, onTestFinished, test } from 'vitest'

import type { EngineProcess, ProcessIdentity, ProcessRef } from '../../../src/core/index.ts'
import { createProcesses } from '../../../src/process/index.ts'
import { fakeEngineEvents, untilEvent } from '../../support/fake-engine.ts'
import { untilTrue } from '../../support/gates.ts'
import { testEnvironment } from '../../support/run.ts'
import { isLiving } from '../../support/sweep.ts'
import { createWorld, shell } from './world.ts'
import type { World } from './world.ts'

function leaderOf(engine: EngineProcess): ProcessRef {
  if (!engine.identity.leader) throw new Error('a spawned engine has a leader')
  return engine.identity.leader
}

async function pids(world: World, identity: ProcessIdentity): Promise<readonly number[]> {
  const { proven } = await world.processes.members(identity)
  return proven.map(({ pid }) => pid).toSorted((a, b) => a - b)
}

/** A fake engine with a child in another session and an orphan in its own. */
async function startFamily(world: World) {
  const engine = await world.engine('--setsid-child', '--double-fork', '--listen', join(world.directory, 's'))
  await untilEvent(world.record, 'ready')
  const children = fakeEngineEvents(world.record).flatMap(({ child }) => (child === undefined ? [] : [child]))
  const family = [leaderOf(engine).pid, ...children].toSorted((a, b) => a - b)
  return { engine, family, children: children.toSorted((a, b) => a - b) }
}

async function killLeader(world: World, engine: EngineProcess): Promise<void> {
  expect(world.processes.signal(leaderOf(engine), 'SIGKILL')).toBe(true)
  await engine.exited
}

describe('members', () => {
  test('a leader, its child in another session and its orphan are all found', async () => {
    const world = createWorld()
    const { engine, family } = await startFamily(world)
    expect(family).toHaveLength(3)
    expect(await pids(world, engine.identity)).toEqual(family)
  })

  test('a dead leader leaves both behind: they are found by their nonce, by another daemon too', async () => {
    const world = createWorld()
    const { engine, children } = await startFamily(world)
    await killLeader(world, engine)
    expect(await pids(world, engine.identity)).toEqual(children)
    const later = createWorld(createProcesses())
    expect(await pids(later, { ...engine.identity, leader: null })).toEqual(children)
    expect(await pids(later, engine.identity)).toEqual(children)
  })

  test('one that dropped its environment is found while its leader lives, and known after', async () => {
    const world = createWorld()
    const engine = await world.spawn(shell('env -i sleep 3600 & echo $!; wait'))
    await untilTrue(() => engine.tail().length === 1)
    const child = Number(engine.tail()[0])
    // Until then the child is still a copy of the shell, with its environment.
    await untilTrue(() => readFileSync(`/proc/${child}/environ`, 'latin1') === '')
    const family = [leaderOf(engine).pid, child].toSorted((a, b) => a - b)
    expect(await pids(world, engine.identity)).toEqual(family)
    await killLeader(world, engine)
    expect(await world.processes.members(engine.identity)).toMatchObject({ proven: [{ pid: child }], unproven: 0 })

    const stranger = createProcesses()
    expect(await stranger.members(engine.identity)).toEqual({ proven: [], unproven: 1 })
  })

  test('a zombie is dead', async () => {
    const world = createWorld()
    // The shell becomes a sleep that waits for nobody.
    const engine = await world.spawn(shell('sh -c "exit 0" & echo $!; exec sleep 3600'))
    await untilTrue(() => engine.tail().length === 1)
    const zombie = Number(engine.tail()[0])
    await untilTrue(() => !isLiving(zombie))
    expect(await pids(world, engine.identity)).toEqual([leaderOf(engine).pid])
  })

  test('nobody is left after the last has ended', async () => {
    const world = createWorld()
    const engine = await world.spawn(shell('exit 0'))
    await engine.exited
    expect(await world.processes.members(engine.identity)).toEqual({ proven: [], unproven: 0 })
  })

  test('a record of another boot names nobody', async () => {
    const world = createWorld()
    const { engine } = await startFamily(world)
    const earlier = { ...engine.identity, bootId: '00000000-0000-0000-0000-000000000000' }
    expect(await world.processes.members(earlier)).toEqual({ proven: [], unproven: 0 })
  })

  test('a process of another launch is no member', async () => {
    const world = createWorld()
    const { engine, family } = await startFamily(world)
    const other = await world.spawn(shell('exec sleep 3600'))
    expect(await pids(world, engine.identity)).toEqual(family)
    expect(await pids(world, other.identity)).toEqual([leaderOf(other).pid])
  })
})

describe('signals', () => {
  test('TERM reaches the engine, and the second is not sent to what is gone', async () => {
    const world = createWorld()
    const engine = await world.engine('--listen', join(world.directory, 's'))
    await untilEvent(world.record, 'ready')
    expect(world.processes.signal(leaderOf(engine), 'SIGTERM')).toBe(true)
    expect(await engine.exited).toEqual({ code: 0, signal: null })
    expect(fakeEngineEvents(world.record).map(({ event }) => event)).toEqual(['started', 'ready', 'term', 'exit'])
    expect(world.processes.signal(leaderOf(engine), 'SIGKILL')).toBe(false)
  })

  test('a pid that was given to another is refused', async () => {
    const world = createWorld()
    const bystander = spawn('sleep', ['3600'], { env: testEnvironment(), stdio: 'ignore', detached: true })
    onTestFinished(() => void bystander.kill('SIGKILL'))
    await once(bystander, 'spawn')
    const pid = bystander.pid ?? 0
    const reused = { pid, startTime: '1' }
    const identity = { nonce: 'ab'.repeat(16), bootId: world.processes.bootId, leader: reused }
    expect(world.processes.signal(reused, 'SIGKILL')).toBe(false)
    expect(await world.processes.members(identity)).toEqual({ proven: [], unproven: 0 })
    expect(isLiving(pid)).toBe(true)
  })

  test('the daemon does not signal itself', () => {
    const world = createWorld()
    const stat = readFileSync('/proc/self/stat', 'latin1')
    const startTime = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? ''
    expect(world.processes.signal({ pid: process.pid, startTime }, 'SIGTERM')).toBe(false)
  })

  test('killing every member leaves nobody, and a bystander untouched', async () => {
    const world = createWorld()
    const bystander = spawn('sleep', ['3600'], { env: testEnvironment(), stdio: 'ignore' })
    onTestFinished(() => void bystander.kill('SIGKILL'))
    const { engine, family } = await startFamily(world)
    await world.killAll(engine)
    expect(family.filter(isLiving)).toEqual([])
    expect(isLiving(bystander.pid ?? 0)).toBe(true)
  })
})

test('activity is told while there are members, and not after', async () => {
  const world = createWorld()
  const { engine } = await startFamily(world)
  const activity = await world.processes.activity(engine.identity)
  expect(activity?.resident).toBeGreaterThan(0)
  expect(activity?.read).toBeGreaterThan(0)
  await world.killAll(engine)
  expect(await world.processes.activity(engine.identity)).toBeNull()
})
