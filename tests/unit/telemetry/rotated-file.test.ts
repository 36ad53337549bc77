import { appendFileSync, existsSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test, vi } from 'vitest'

import { rotatedFile } from '../../../src/telemetry/rotated-file.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

const LIMITS = { bytes: 100, files: 3 }

/** A line of 40 bytes: two of them fit into a file. */
function line(count: number): Buffer {
  return Buffer.from(`${String(count).padStart(39, '.')}\n`)
}

function numbersIn(path: string): readonly number[] {
  return readFileSync(path, 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((text) => Number(text.replaceAll('.', '')))
}

test('only so many files of so many bytes are kept, the newest lines in the first', async () => {
  const path = join(temporaryDirectory(), 'x.log')
  const file = rotatedFile(path, LIMITS)
  for (let count = 1; count <= 11; count += 1) {
    expect(await file.append(line(count))).toBe(40)
    for (const each of [path, `${path}.1`, `${path}.2`]) {
      if (existsSync(each)) expect(statSync(each).size).toBeLessThanOrEqual(LIMITS.bytes)
    }
  }
  await file.close()
  expect([`${path}.2`, `${path}.1`, path].map(numbersIn)).toEqual([[7, 8], [9, 10], [11]])
  expect(readdirSync(join(path, '..')).toSorted()).toEqual(['x.log', 'x.log.1', 'x.log.2'])
  expect(statSync(path).mode & 0o777).toBe(0o600)
})

test('what an earlier daemon wrote counts, and its half line is ended', async () => {
  const path = join(temporaryDirectory(), 'x.log')
  writeFileSync(path, `${line(1)}half a li`)
  const file = rotatedFile(path, LIMITS)
  await file.append(line(2))
  expect(readFileSync(path, 'utf8')).toBe(`${line(1)}half a li\n${line(2)}`)
  await file.append(line(3))
  await file.close()
  expect(numbersIn(path)).toEqual([3])
  expect(existsSync(`${path}.1`)).toBe(true)
})

test('a line that a write cut in two is not divided between files', async () => {
  const path = join(temporaryDirectory(), 'x.log')
  const file = rotatedFile(path, LIMITS)
  await file.append(line(1))
  await file.append(line(2).subarray(0, 10))
  await file.append(Buffer.from(`${'y'.repeat(80)}\n`))
  await file.append(line(3))
  await file.close()
  expect(readFileSync(`${path}.1`, 'utf8').endsWith('y\n')).toBe(true)
  expect(numbersIn(path)).toEqual([3])
})

test('a file that somebody moved away is begun anew', async () => {
  const path = join(temporaryDirectory(), 'x.log')
  const file = rotatedFile(path, LIMITS)
  await file.append(line(1))
  renameSync(path, `${path}.moved`)
  vi.spyOn(performance, 'now').mockReturnValue(performance.now() + 60_000)
  await file.append(line(2))
  vi.restoreAllMocks()
  await file.close()
  expect(numbersIn(path)).toEqual([2])
})

test('a directory that is gone is an error of the append, and no more once it is back', async () => {
  const directory = temporaryDirectory()
  const file = rotatedFile(join(directory, 'sub', 'x.log'), LIMITS)
  await expect(file.append(line(1))).rejects.toMatchObject({ code: 'ENOENT' })
  renameSync(temporaryDirectory(), join(directory, 'sub'))
  appendFileSync(join(directory, 'sub', 'x.log'), '')
  await file.append(line(2))
  await file.close()
  expect(numbersIn(join(directory, 'sub', 'x.log'))).toEqual([2])
})
