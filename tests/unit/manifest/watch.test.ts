import { mkdirSync, renameSync, rmSync, symlinkSync, unlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { watchManifest } from '../../../src/manifest/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

/** A watch whose calls are awaited one by one. */
function watching(path: string) {
  let calls = 0
  let told = (): void => {}
  const watch = watchManifest(
    path,
    () => void ((calls += 1), told()),
    (error) => {
      throw error
    },
  )
  onTestFinished(() => watch.close())
  return {
    /** Settles when it has called back `count` times in all. */
    until: (count: number) =>
      new Promise<void>((resolve) => {
        told = () => calls >= count && resolve()
        told()
      }),
    get calls() {
      return calls
    },
    close: watch.close,
  }
}

test('a save, another file in its place, and the `.env` beside it are changes; a neighbour is none', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, 'enginehouse.yaml')
  writeFileSync(path, 'one')
  const watch = watching(path)
  await watch.until(1)
  writeFileSync(join(directory, 'neighbour'), 'noise')
  writeFileSync(path, 'two!')
  await watch.until(2)
  writeFileSync(join(directory, 'next'), 'three')
  renameSync(join(directory, 'next'), path)
  await watch.until(3)
  writeFileSync(join(directory, '.env'), 'A=1')
  await watch.until(4)
  expect(watch.calls).toBe(4)
})

test('a link whose directory is replaced, as a mounted ConfigMap is', async () => {
  const directory = temporaryDirectory()
  for (const version of ['v1', 'v2']) {
    mkdirSync(join(directory, version))
    writeFileSync(join(directory, version, 'enginehouse.yaml'), `of ${version}`)
  }
  symlinkSync('v1', join(directory, '..data'))
  symlinkSync('..data/enginehouse.yaml', join(directory, 'enginehouse.yaml'))
  const watch = watching(join(directory, 'enginehouse.yaml'))
  await watch.until(1)
  symlinkSync('v2', join(directory, '..next'))
  renameSync(join(directory, '..next'), join(directory, '..data'))
  await watch.until(2)
  // From now on the new target counts.
  writeFileSync(join(directory, 'v2', 'enginehouse.yaml'), 'edited')
  await watch.until(3)
})

test('a link to a file elsewhere: the target and the link', async () => {
  const directory = temporaryDirectory()
  const elsewhere = temporaryDirectory()
  const path = join(directory, 'enginehouse.yaml')
  writeFileSync(join(elsewhere, 'real.yaml'), 'one')
  symlinkSync(join(elsewhere, 'real.yaml'), path)
  const watch = watching(path)
  await watch.until(1)
  writeFileSync(join(elsewhere, 'real.yaml'), 'other')
  await watch.until(2)
  unlinkSync(path)
  writeFileSync(path, 'a file now')
  await watch.until(3)
})

test('a directory that goes and comes back', async () => {
  const directory = join(temporaryDirectory(), 'etc')
  const path = join(directory, 'enginehouse.yaml')
  mkdirSync(directory)
  writeFileSync(path, 'one')
  const watch = watching(path)
  await watch.until(1)
  rmSync(directory, { recursive: true })
  await watch.until(2)
  mkdirSync(directory)
  writeFileSync(path, 'again')
  await watch.until(3)
})
