import { spawn } from 'node:child_process'
import { readdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, onTestFinished, test } from 'vitest'

import { fakeModel, killIfThere, makePlace, processesOf, startDaemon } from '../../support/daemon.ts'
import { untilEvent } from '../../support/fake-engine.ts'
import { testEnvironment } from '../../support/run.ts'
import { isLiving } from '../../support/sweep.ts'

test('LS13: after the daemon was killed the next one stops what is proven ours, and nothing else', async () => {
  const place = makePlace()
  const gate = place.file('ready')
  writeFileSync(gate, '')
  const models = {
    ...fakeModel(place, 'family', ['--setsid-child', '--ready-gate', gate]),
    ...fakeModel(place, 'deaf', ['--ignore-term']),
    ...fakeModel(place, 'loading', ['--ready-gate', place.file('never')]),
    ...fakeModel(place, 'fresh'),
  }
  const first = await startDaemon({ models }, place)
  for (const model of ['family', 'deaf']) expect((await first.ask(model)).status).toBe(200)
  expect((await first.command('load', 'loading', '--no-wait')).exit).toBe(0)
  const loading = await untilEvent(place.file('loading.record'), 'started')
  const { child } = await untilEvent(place.file('family.record'), 'child')
  const leaders = [await first.pidOf('family'), await first.pidOf('deaf')]
  const argv: readonly string[] = (await first.admin('/models/family')).json.instance.argv

  // The same command line to the letter, of somebody else; it never listens, as its gate is shut.
  rmSync(gate)
  const [program = '', ...args] = argv
  const env = testEnvironment({ HOME: place.directory })
  const bystander = spawn(program, args, { env, detached: true, stdio: 'ignore' })
  onTestFinished(() => killIfThere(bystander.pid ?? -1))
  const nephew = await untilEvent(place.file('family.record'), 'child', 2)
  onTestFinished(() => killIfThere(nephew.child ?? -1))

  first.program.signal('SIGKILL')
  await first.program.exited
  expect(processesOf(place).map(({ pid }) => pid)).toEqual(expect.arrayContaining([...leaders, child, loading.pid]))
  expect(readdirSync(join(place.state, 'run'))).toHaveLength(3)

  const second = await startDaemon({ models }, place)
  expect(processesOf(place)).toEqual([])
  expect(readdirSync(join(place.state, 'run'))).toEqual([])
  expect([bystander.pid, nephew.child].map((pid) => isLiving(pid ?? -1))).toEqual([true, true])
  const events = (await second.command('events', '--since', '1h', '--json')).stdout
  const leftovers = events
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line))
    .filter(({ kind }) => kind === 'leftover')
  expect(leftovers).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ model: 'family', evidence: { pid: leaders[0], processes: 2, action: 'stopped' } }),
      expect.objectContaining({ model: 'deaf', evidence: { pid: leaders[1], processes: 1, action: 'stopped' } }),
      expect.objectContaining({ model: 'loading', evidence: { pid: loading.pid, processes: 1, action: 'stopped' } }),
    ]),
  )
  expect(leftovers).toHaveLength(3)

  expect((await second.ask('fresh')).status).toBe(200)
  await second.end()
  expect([bystander.pid, nephew.child].map((pid) => isLiving(pid ?? -1))).toEqual([true, true])
}, 60_000)
