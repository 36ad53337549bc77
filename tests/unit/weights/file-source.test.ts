import { chmodSync, mkdirSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { modelSpec } from '../../fixtures/model-spec.ts'
import { writeTinyGguf } from '../../fixtures/tiny-gguf.ts'
import { bench, model } from './source-program.ts'

function source(path: string) {
  return { kind: 'file', path } as const
}

test('a good file gives its facts', async () => {
  const { room, manifestDirectory } = bench()
  const path = join(manifestDirectory, 'm.gguf')
  const bytes = writeTinyGguf(path, { context: 1024 })
  expect(await room().ensure(model('m', source(path)))).toEqual({
    kind: 'present',
    weights: { path, bytes, architecture: 'llama', trainedContext: 1024 },
  })
})

test('a model without a source has no weights', async () => {
  expect(await bench().room().ensure(model('m'))).toEqual({ kind: 'present', weights: null })
})

test('a file that is not there is missing', async () => {
  const path = join(bench().manifestDirectory, 'none.gguf')
  expect(
    await bench()
      .room()
      .ensure(model('m', source(path))),
  ).toEqual({
    kind: 'failed',
    code: 'weights_missing',
    facts: { model: 'm', path },
  })
})

test.each<[string, (path: string) => void, RegExp]>([
  ['a directory', (path) => mkdirSync(path), /is a directory, and llama-server reads a GGUF file/],
  ['an empty file', (path) => writeFileSync(path, ''), /is empty/],
  ['another format', (path) => writeFileSync(path, '<html>not found</html>'), /begins with "<htm"/],
  ['a file cut off', (path) => truncateSync(path, writeTinyGguf(path) - 9000), /is cut off/],
])('%s is wrong', async (_name, make, why) => {
  const { room, manifestDirectory } = bench()
  const path = join(manifestDirectory, 'm.gguf')
  make(path)
  expect(await room().ensure(model('m', source(path)))).toMatchObject({
    kind: 'failed',
    code: 'weights_wrong',
    facts: { model: 'm', path, why: expect.stringMatching(why) },
  })
})

test.skipIf(process.getuid?.() === 0)('a file that we may not read is wrong', async () => {
  const { room, manifestDirectory } = bench()
  const path = join(manifestDirectory, 'm.gguf')
  writeTinyGguf(path)
  chmodSync(path, 0)
  expect(await room().ensure(model('m', source(path)))).toMatchObject({ code: 'weights_wrong' })
})

test('llama-server reads GGUF only, a command anything that does not call itself so', async () => {
  const { room, manifestDirectory } = bench()
  const path = join(manifestDirectory, 'weights.bin')
  writeFileSync(path, 'anything')
  const other = modelSpec({ name: 'm', engine: 'command', source: [source(path)] })
  expect(await room().ensure(model('m', source(path)))).toMatchObject({ code: 'weights_wrong' })
  expect(await room().ensure(other)).toEqual({
    kind: 'present',
    weights: { path, bytes: 8, architecture: null, trainedContext: null },
  })
})

test('the first mirror that works is taken, and what failed before it is told', async () => {
  const { room, manifestDirectory, told } = bench()
  const none = join(manifestDirectory, 'none.gguf')
  const path = join(manifestDirectory, 'm.gguf')
  writeTinyGguf(path)
  expect(await room().ensure(model('m', source(none), source(path)))).toMatchObject({ weights: { path } })
  expect(told).toEqual([
    { model: 'm', progress: { kind: 'source_failed', code: 'weights_missing', facts: { model: 'm', path: none } } },
  ])
})

test('when no mirror works each reason is told', async () => {
  const { room, manifestDirectory } = bench()
  const result = await room().ensure(
    model('m', source(join(manifestDirectory, 'a')), source(join(manifestDirectory, 'b'))),
  )
  expect(result).toMatchObject({ kind: 'failed', code: 'weights_fetch_failed' })
  expect(result).toMatchObject({
    facts: { why: expect.stringMatching(/none of its 2 sources worked: 1\. .*\/a\. 2\. .*\/b$/) },
  })
})

describe('a model that is split into files', () => {
  const name = (part: number, of = 3): string => `m-0000${part}-of-0000${of}.gguf`
  const ensure = (directory: string, file: string) =>
    bench()
      .room()
      .ensure(model('m', source(join(directory, file))))

  test('is given by its first, and counted whole', async () => {
    const { manifestDirectory } = bench()
    const sizes = [1, 2, 3].map((part) => writeTinyGguf(join(manifestDirectory, name(part)), { context: 1024 }))
    expect(await ensure(manifestDirectory, name(1))).toMatchObject({
      kind: 'present',
      weights: {
        path: join(manifestDirectory, name(1)),
        bytes: sizes.reduce((sum, size) => sum + size),
        trainedContext: 1024,
      },
    })
  })

  test.each<[string, (directory: string) => string, RegExp]>([
    [
      'a later part',
      (directory) => (writeTinyGguf(join(directory, name(2))), name(2)),
      /part 2 of 3: name the first, m-00001-of-00003\.gguf/,
    ],
    [
      'a missing part',
      (directory) => ([1, 3].forEach((part) => writeTinyGguf(join(directory, name(part)))), name(1)),
      /m-00002-of-00003\.gguf is missing/,
    ],
    [
      'a part of another format',
      (directory) => (
        [1, 2].forEach((part) => writeTinyGguf(join(directory, name(part)))),
        writeFileSync(join(directory, name(3)), '<html>'),
        name(1)
      ),
      /m-00003-of-00003\.gguf: it is not a GGUF file/,
    ],
  ])('%s is wrong', async (_name, make, why) => {
    const { manifestDirectory } = bench()
    expect(await ensure(manifestDirectory, make(manifestDirectory))).toMatchObject({
      code: 'weights_wrong',
      facts: { why: expect.stringMatching(why) },
    })
  })
})
