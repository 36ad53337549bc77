import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, it } from 'vitest'

import { createHouse } from '../../../src/app/house.ts'
import { startCommand } from '../../support/cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** `asked` settles when the program is being asked; it never answers. */
function silentProgram() {
  let ask = (): void => {}
  const asked = new Promise<void>((resolve) => (ask = resolve))
  const look = () => {
    ask()
    return new Promise<never>(() => {})
  }
  return { asked, programs: async () => ({ look, version: async () => null }) }
}

function manifest(model: Readonly<Record<string, unknown>>): { readonly file: string; readonly state: string } {
  const state = temporaryDirectory()
  const file = join(state, 'enginehouse.yaml')
  writeFileSync(file, JSON.stringify({ version: 1, models: { m: { gpus: 'none', ...model } } }))
  return { file, state }
}

const { engines } = createHouse()

it('an interrupt ends the wait for a program that says nothing', async () => {
  const { asked, programs } = silentProgram()
  const { file, state } = manifest({ engine: 'vllm', source: 'file:w' })
  const environment = { ENGINEHOUSE_STATE_DIR: state }
  const command = startCommand(['validate', file], { environment, house: { programs, engines } })
  await asked
  command.signal('SIGINT')
  expect((await command.ended).exit).toBe(130)
})

it('a manifest of engines that are not asked waits for nobody', async () => {
  const { programs } = silentProgram()
  const { file, state } = manifest({ engine: 'command', command: ['x'], args: { nope: true } })
  const environment = { ENGINEHOUSE_STATE_DIR: state }
  const { exit, stderr } = await startCommand(['validate', file], { environment, house: { programs, engines } }).ended
  expect([exit, stderr]).toEqual([0, ''])
})
