import { readdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'

import { beforeAll, expect, test } from 'vitest'

import { writeTinyGguf } from '../fixtures/tiny-gguf.ts'
import { makePlace, processesOf, runProgram } from '../support/daemon.ts'
import { installLlamaServer, llamaServer } from '../support/llama-server.ts'

const INSTALL_LIMIT = 10 * 60_000

beforeAll(() => installLlamaServer().then(() => undefined), INSTALL_LIMIT)

test('run FILE.gguf answers without a manifest, and leaves nothing', async (context) => {
  const program = await llamaServer(context)
  const place = makePlace()
  // It never ends an answer by itself: the context does.
  writeTinyGguf(place.file('tiny.gguf'), { context: 128 })
  const environment = { PATH: `${dirname(program)}:${process.env['PATH']}`, TMPDIR: place.directory }
  const before = readdirSync(place.directory)
  const { exit, stdout, stderr } = await runProgram(
    ['run', place.file('tiny.gguf'), 'hi', '--quiet'],
    place,
    environment,
  ).exited
  expect({ exit, stderr }).toEqual({ exit: 0, stderr: '' })
  expect(stdout).toMatch(/^[a-z ]+\n$/)
  expect(processesOf(place)).toEqual([])
  // tsx keeps what it compiled in TMPDIR; that is not ours.
  expect(readdirSync(place.directory).filter((name) => !name.startsWith('tsx-'))).toEqual(before)
  expect(readdirSync(place.state)).toEqual([])
})

test('interrupted in the middle of an answer, it ends by 130 and leaves nothing', async (context) => {
  const program = await llamaServer(context)
  const place = makePlace()
  writeTinyGguf(place.file('tiny.gguf'), { context: 131_072 })
  const environment = { PATH: `${dirname(program)}:${process.env['PATH']}`, TMPDIR: place.directory }
  const run = runProgram(['run', place.file('tiny.gguf'), 'hi'], place, environment)
  await run.until('stdout', ' ')
  run.signal('SIGINT')
  expect((await run.exited).exit).toBe(130)
  expect(processesOf(place)).toEqual([])
  expect(readdirSync(place.directory).filter((name) => name.startsWith('enginehouse-run-'))).toEqual([])
})

test('a file that is no GGUF is told, and leaves nothing', async (context) => {
  const program = await llamaServer(context)
  const place = makePlace()
  writeFileSync(place.file('text.gguf'), 'this is no GGUF file')
  const environment = { PATH: `${dirname(program)}:${process.env['PATH']}`, TMPDIR: place.directory }
  const run = await runProgram(['run', place.file('text.gguf'), 'hi', '--json'], place, environment).exited
  expect(run.exit).toBe(1)
  expect(JSON.parse(run.stdout).error.code).toBe('weights_wrong')
  expect(readdirSync(place.directory).filter((name) => name.startsWith('enginehouse-run-'))).toEqual([])
})
