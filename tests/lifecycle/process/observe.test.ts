import { spawnSync } from 'node:child_process'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { expect, test } from 'vitest'

import { untilTrue } from '../../support/gates.ts'
import { isLiving } from '../../support/sweep.ts'
import { createWorld, shell } from './world.ts'

const OBSERVE = fileURLToPath(new URL('../../../scripts/observe.mjs', import.meta.url))

function observe(...args: readonly string[]) {
  const result = spawnSync(process.execPath, [OBSERVE, ...args], { encoding: 'utf8' })
  return {
    status: result.status,
    seen: result.stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line)),
  }
}

test('the outside observer sees each process of a state directory, and none once they are gone', async () => {
  const world = createWorld()
  const instance = join(world.directory, 'run', 'one')
  mkdirSync(instance, { recursive: true, mode: 0o700 })
  const engine = await world.spawn(shell('sleep 3600 & echo up; wait'), { directory: instance })
  await untilTrue(() => engine.tail().length === 1)
  const { leader, nonce } = engine.identity
  const expected = { sid: leader?.pid, nonce }
  const seen = observe('--nonce-of', world.directory)
  expect(seen.status).toBe(1)
  expect(seen.seen).toHaveLength(2)
  for (const each of seen.seen) expect(each).toMatchObject(expected)
  expect(observe('--all').seen).toEqual(expect.arrayContaining(seen.seen))

  await world.killAll(engine)
  await untilTrue(() => !seen.seen.some(({ pid }) => isLiving(pid)))
  expect(observe('--nonce-of', world.directory)).toEqual({ status: 0, seen: [] })
})

test.each([
  ['nothing was asked', []],
  ['the directory is not there', ['--nonce-of', '/nowhere/at/all']],
  ['the flag is unknown', ['--nope']],
])('it says that it cannot tell: %s', (_name, args) => {
  expect(observe(...args).status).toBe(2)
})
