import { appendFileSync, chmodSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { askProgram } from '../../../src/process/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const { signal } = new AbortController()
const environment = { PATH: process.env['PATH'], SECRET: 'x', LANG: 'C' }

/** A script that counts its runs in the file `runs` beside it. */
function script(body: string): { readonly program: string; readonly runs: () => number } {
  const directory = temporaryDirectory()
  const program = join(directory, 'program')
  const counter = join(directory, 'runs')
  writeFileSync(counter, '')
  writeFileSync(program, `#!/bin/sh\necho run >>${counter}\n${body}\n`)
  chmodSync(program, 0o755)
  return { program, runs: () => readFileSync(counter, 'utf8').split('\n').length - 1 }
}

test('it gets its arguments as they are, the environment of an engine, and both streams are read', async () => {
  const { program } = script('echo "$1"\necho "$SECRET$LANG" >&2')
  const answer = await askProgram({ program, args: ['$(id); *'], environment, signal })
  expect(answer).toEqual({ text: '$(id); *\nC', problem: null })
})

test('the same question of the same file is asked once, and anew when the file is another', async () => {
  const { program, runs } = script('echo 1')
  const ask = () => askProgram({ program, args: ['--version'], environment, signal })
  await Promise.all([ask(), ask()])
  await ask()
  expect(runs()).toBe(1)
  await askProgram({ program, args: ['--help'], environment, signal })
  expect(runs()).toBe(2)
  appendFileSync(program, 'echo 2\n')
  expect((await ask()).text).toBe('1\n2')
  expect(runs()).toBe(3)
})

test('what goes wrong is told, and asked anew', async () => {
  const { program, runs } = script('echo no; exit 4')
  const ask = () => askProgram({ program, args: [], environment, signal })
  expect(await ask()).toEqual({ text: 'no', problem: 'it ended with 4' })
  await ask()
  expect(runs()).toBe(2)
  const gone = await askProgram({ program: join(temporaryDirectory(), 'gone'), args: [], environment, signal })
  expect(gone).toEqual({ text: '', problem: 'it could not be started (ENOENT)' })
})

test('output without end is cut, and the program ended', async () => {
  const { program } = script('exec yes')
  const { problem, text } = await askProgram({ program, args: [], environment, signal })
  expect(problem).toBe('it said more than 2 MiB')
  expect(text.length).toBeLessThanOrEqual(2 * 1024 * 1024)
})

test('an abort ends it', async () => {
  const { program } = script('exec sleep 600')
  const controller = new AbortController()
  const asked = askProgram({ program, args: [], environment, signal: controller.signal })
  controller.abort(new Error('enough'))
  await expect(asked).rejects.toThrow('enough')
})
