import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { askProgram } from '../../../src/process/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const { signal } = new AbortController()
const environment = { PATH: process.env['PATH'], SECRET: 'x', LANG: 'C' }

function script(body: string): { readonly program: string } {
  const program = join(temporaryDirectory(), 'program')
  writeFileSync(program, `#!/bin/sh\n${body}\n`)
  chmodSync(program, 0o755)
  return { program }
}

test('it gets its arguments as they are, the environment of an engine, and both streams are read', async () => {
  const { program } = script('echo "$1"\necho "$SECRET$LANG" >&2')
  const answer = await askProgram({ program, args: ['$(id); *'], environment, signal })
  expect(answer).toEqual({ text: '$(id); *\nC', problem: null })
})

test('what goes wrong is told', async () => {
  const { program } = script('echo no; exit 4')
  const answer = await askProgram({ program, args: [], environment, signal })
  expect(answer).toEqual({ text: 'no', problem: 'it ended with 4' })
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
