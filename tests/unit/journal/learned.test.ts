import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createLearnedWriter, readLearned } from '../../../src/journal/index.ts'
import { LEARNED_MAX } from '../../../src/journal/learned.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const nothingWrong = (why: unknown): void => {
  throw new Error(String(why))
}

test('what is written is read by the next daemon, and by nobody else', async () => {
  const path = join(temporaryDirectory(), 'learned.json')
  const writer = createLearnedWriter(path, nothingWrong)
  writer.write(new Map([['a', 1]]))
  writer.write(
    new Map([
      ['a', 2],
      ['b', 300],
    ]),
  )
  await writer.settled()
  expect([...(await readLearned(path, nothingWrong))]).toEqual([
    ['a', 2],
    ['b', 300],
  ])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('no file is nothing learned', async () => {
  expect((await readLearned(join(temporaryDirectory(), 'learned.json'), nothingWrong)).size).toBe(0)
})

test.each(['', '{"version":1', '[]', '{"version":1}', '{"loads":7}'])(
  '%j is reported, and counts as nothing',
  async (text) => {
    const path = join(temporaryDirectory(), 'learned.json')
    writeFileSync(path, text)
    const said: string[] = []
    expect((await readLearned(path, (why) => said.push(why))).size).toBe(0)
    expect(said).toHaveLength(1)
  },
)

test('figures that are none are left out', async () => {
  const path = join(temporaryDirectory(), 'learned.json')
  writeFileSync(path, '{"loads":{"a":5,"b":"6","c":-1,"d":1.5,"e":null}}')
  expect([...(await readLearned(path, nothingWrong))]).toEqual([['a', 5]])
})

test('the launches that were learned first go when there are too many', async () => {
  const path = join(temporaryDirectory(), 'learned.json')
  const writer = createLearnedWriter(path, nothingWrong)
  writer.write(new Map(Array.from({ length: LEARNED_MAX + 1 }, (_, index) => [`k${index}`, index])))
  await writer.settled()
  expect(Object.keys(JSON.parse(readFileSync(path, 'utf8')).loads)).toHaveLength(LEARNED_MAX)
  expect((await readLearned(path, nothingWrong)).has('k0')).toBe(false)
})

test('a directory that is gone is reported, and the next write tries again', async () => {
  const path = join(temporaryDirectory(), 'gone', 'learned.json')
  const failed: unknown[] = []
  const writer = createLearnedWriter(path, (error) => failed.push(error))
  writer.write(new Map([['a', 1]]))
  await writer.settled()
  expect(failed).toHaveLength(1)
})
