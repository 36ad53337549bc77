import { execFileSync } from 'node:child_process'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, utimesSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { WeightsResult } from '../../../src/core/index.ts'
import { isLiving } from '../../support/sweep.ts'
import { untilTrue, untilText } from '../../support/gates.ts'
import { appendByte, bench, COPY_GOOD, GOOD, GOOD_SHA256, model } from './source-program.ts'

/** Keeps a program at work until the test lets it go on, without a timer. */
const WAIT_FOR_GATE = 'mkfifo gate; echo $$ > at-gate; read line < gate'

function storedPath(directory: string): string {
  return join(directory, 'sha256', GOOD_SHA256, 'model.gguf')
}

function pathOf(result: WeightsResult): string | undefined {
  return result.kind === 'present' ? result.weights?.path : undefined
}

function whyOf(result: WeightsResult): string {
  return result.kind === 'failed' ? String((result.facts as { why?: unknown }).why) : 'it did not fail'
}

function stagingOf(directory: string): string[] {
  return existsSync(join(directory, 'staging')) ? readdirSync(join(directory, 'staging')) : []
}

test('runs the program, verifies and stores what it wrote, and leaves no staging', async () => {
  const { room, shell, directory, told } = bench()
  const result = await room().ensure(model('m', shell(COPY_GOOD)))
  expect(result).toEqual({
    kind: 'present',
    weights: { path: storedPath(directory), bytes: GOOD.length, architecture: 'llama', trainedContext: 2048 },
  })
  expect(readFileSync(storedPath(directory)).equals(GOOD)).toBe(true)
  expect(stagingOf(directory)).toEqual([])
  expect(told[0]).toEqual({ model: 'm', progress: { kind: 'fetching', bytes: 0 } })
  expect(told.at(-1)).toEqual({
    model: 'm',
    progress: { kind: 'verifying', bytes: GOOD.length, total: GOOD.length },
  })
})

test('the program runs in the directory of the manifest, with only the given environment and its own TMPDIR', async () => {
  const { room, shell, manifestDirectory, directory } = bench()
  await room().ensure(model('m', shell(`pwd > where; env > what; echo "$1" > dest; ${COPY_GOOD}`)))
  expect(readFileSync(join(manifestDirectory, 'where'), 'utf8').trim()).toBe(manifestDirectory)
  const names = readFileSync(join(manifestDirectory, 'what'), 'utf8').match(/^[A-Z_]+(?==)/gm) ?? []
  expect(names.filter((name) => !['PWD', 'OLDPWD', 'SHLVL', '_'].includes(name)).toSorted()).toEqual([
    'ENGINEHOUSE_TEST_RUN',
    'HOME',
    'PATH',
    'TMPDIR',
  ])
  expect(readFileSync(join(manifestDirectory, 'dest'), 'utf8')).toMatch(new RegExp(`^${directory}/staging/`))
  expect(readFileSync(join(manifestDirectory, 'what'), 'utf8')).toMatch(
    new RegExp(`^TMPDIR=${directory}/staging/`, 'm'),
  )
})

test('no shell stands between the manifest and the program', async () => {
  const { room, manifestDirectory } = bench()
  const source = { kind: 'exec', argv: ['touch', '$(touch injected)', '{dest}'], sha256: GOOD_SHA256 } as const
  await room().ensure(model('m', source))
  expect(existsSync(join(manifestDirectory, 'injected'))).toBe(false)
  expect(existsSync(join(manifestDirectory, '$(touch injected)'))).toBe(true)
})

test('fifty that ask make one run, whichever model they ask for', async () => {
  const { room, shell, runs, told } = bench()
  const weights = room()
  const names = Array.from({ length: 50 }, (_, index) => `m${index % 2}`)
  const results = await Promise.all(names.map((name) => weights.ensure(model(name, shell(COPY_GOOD)))))
  expect(new Set(results.map(pathOf)).size).toBe(1)
  expect(runs()).toBe(1)
  expect(new Set(told.map(({ model }) => model))).toEqual(new Set(['m0', 'm1']))
})

test('two daemons at once store the same file whole', async () => {
  const { room, shell, directory } = bench()
  const source = shell(COPY_GOOD)
  const results = await Promise.all(Array.from({ length: 6 }, () => room().ensure(model('m', source))))
  expect(results.map(pathOf)).toEqual(Array.from({ length: 6 }, () => storedPath(directory)))
  expect(readFileSync(storedPath(directory)).equals(GOOD)).toBe(true)
  expect(stagingOf(directory)).toEqual([])
})

test('what is stored is used without running anything', async () => {
  const { room, shell, runs } = bench()
  await room().ensure(model('m', shell(COPY_GOOD)))
  expect(await room().ensure(model('other', shell('exit 1')))).toMatchObject({ kind: 'present' })
  expect(runs()).toBe(1)
})

test('a stored file that only has another time is verified again and kept', async () => {
  const { room, shell, runs, directory } = bench()
  const source = shell(COPY_GOOD)
  await room().ensure(model('m', source))
  utimesSync(storedPath(directory), 1000, 1000)
  const marker = join(directory, 'sha256', GOOD_SHA256, 'verified.json')
  const before = readFileSync(marker, 'utf8')
  expect(await room().ensure(model('m', source))).toMatchObject({ kind: 'present' })
  expect(readFileSync(marker, 'utf8')).not.toBe(before)
  expect(runs()).toBe(1)
})

test.each<[string, (entry: string) => void]>([
  ['was changed', (entry) => appendByte(join(entry, 'model.gguf'))],
  ['lost its marker', (entry) => writeFileSync(join(entry, 'verified.json'), '{')],
])('a stored file that %s is thrown away, told, and fetched again', async (_name, damage) => {
  const { room, shell, runs, directory, told } = bench()
  const source = shell(COPY_GOOD)
  await room().ensure(model('m', source))
  damage(join(directory, 'sha256', GOOD_SHA256))
  expect(await room().ensure(model('m', source))).toMatchObject({ kind: 'present' })
  expect(runs()).toBe(2)
  expect(readFileSync(storedPath(directory)).equals(GOOD)).toBe(true)
  expect(told.filter(({ progress }) => progress.kind === 'discarded')).toHaveLength(1)
})

test('a program that fails is told with its last lines and its log', async () => {
  const { room, shell, directory } = bench()
  const result = await room().ensure(model('m', shell('echo reading; echo "ERROR: no such package" >&2; exit 3')))
  expect(result).toMatchObject({ kind: 'failed', code: 'weights_fetch_failed' })
  expect(whyOf(result)).toMatch(
    /^sh ended with exit code 3, after: reading \| ERROR: no such package \(its output is in /,
  )
  const log = join(directory, 'logs', `${GOOD_SHA256.slice(0, 16)}.log`)
  expect(whyOf(result)).toContain(log)
  expect(readFileSync(log, 'utf8')).toBe('reading\nERROR: no such package\n')
  expect(stagingOf(directory)).toEqual([])
})

test.each<[string, string, RegExp]>([
  ['writes nothing', 'true', /wrote nothing at \{dest\}/],
  ['makes a directory', 'mkdir "$1"', /something else than a regular file/],
  ['makes a link', 'ln -s /etc/passwd "$1"', /something else than a regular file/],
  ['is ended by a signal', 'kill -9 $$', /sh was ended by SIGKILL/],
])('a program that %s has failed', async (_name, text, why) => {
  const { room, shell, directory } = bench()
  const result = await room().ensure(model('m', shell(text)))
  expect(result).toMatchObject({ code: 'weights_fetch_failed' })
  expect(whyOf(result)).toMatch(why)
  expect(existsSync(join(directory, 'sha256'))).toBe(false)
})

test('a program that is not there has failed', async () => {
  const source = { kind: 'exec', argv: ['no-such-program', '{dest}'], sha256: GOOD_SHA256 } as const
  expect(whyOf(await bench().room().ensure(model('m', source)))).toMatch(/^no-such-program was not found/)
})

test('other bytes than promised are removed and told, and the next mirror runs', async () => {
  const { room, shell, directory, told, runs } = bench()
  const result = await room().ensure(model('m', shell('echo GGUF > "$1"'), shell(COPY_GOOD)))
  expect(pathOf(result)).toBe(storedPath(directory))
  expect(runs()).toBe(2)
  expect(
    told.filter(({ progress }) => progress.kind === 'source_failed').map(({ progress }) => progress),
  ).toMatchObject([
    {
      code: 'weights_wrong',
      facts: { why: expect.stringMatching(`^5 bytes came with sha256 [0-9a-f]{64}, .* ${GOOD_SHA256}$`) },
    },
  ])
  expect(stagingOf(directory)).toEqual([])
})

test('who joined a fetch that failed tries its own source', async () => {
  const { room, shell, runs, manifestDirectory } = bench()
  const weights = room()
  const bad = weights.ensure(model('bad', shell(`${WAIT_FOR_GATE}; exit 1`)))
  const good = weights.ensure(model('good', shell(COPY_GOOD)))
  const same = weights.ensure(model('same', shell(`${WAIT_FOR_GATE}; exit 1`)))
  await untilText(join(manifestDirectory, 'at-gate'), /\n/)
  writeFileSync(join(manifestDirectory, 'gate'), 'go\n')
  expect(await bad).toMatchObject({ code: 'weights_fetch_failed', facts: { model: 'bad' } })
  expect(await same).toMatchObject({ code: 'weights_fetch_failed', facts: { model: 'same' } })
  expect(await good).toMatchObject({ kind: 'present' })
  expect(runs()).toBe(2)
})

test('progress is the growth of the staging directory, temporary files included', async () => {
  const { room, shell, told, manifestDirectory } = bench()
  const grow = 'head -c 100000 /dev/zero > "$TMPDIR/part"'
  const result = room().ensure(model('m', shell(`${grow}; ${WAIT_FOR_GATE}; ${COPY_GOOD}`)))
  await untilTrue(() => told.some(({ progress }) => progress.kind === 'fetching' && progress.bytes === 100_000))
  writeFileSync(join(manifestDirectory, 'gate'), 'go\n')
  expect(await result).toMatchObject({ kind: 'present' })
})

test('a stop ends the program with its children and leaves nothing; later asks are refused', async () => {
  const { room, shell, manifestDirectory, directory } = bench()
  const weights = room()
  const result = weights.ensure(model('m', shell(`(${WAIT_FOR_GATE}) & echo $! > child; wait`)))
  await untilText(join(manifestDirectory, 'at-gate'), /\n/)
  const child = Number(readFileSync(join(manifestDirectory, 'child'), 'utf8'))
  await weights.stop()
  expect(await result).toEqual({ kind: 'failed', code: 'shutting_down', facts: {} })
  await untilTrue(() => !isLiving(child))
  expect(stagingOf(directory)).toEqual([])
  expect(await weights.ensure(model('m', shell(COPY_GOOD)))).toMatchObject({ code: 'shutting_down' })
})

test('leftovers of dead processes go at creation, work of living ones stays', async () => {
  const { room, shell, directory } = bench()
  const dead = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }))
  const mine = readFileSync('/proc/self/stat', 'utf8')
  const started = mine.slice(mine.lastIndexOf(')') + 2).split(' ')[19]
  const names = [`${dead}-12345-abcdef`, `${process.pid}-1-abcdef`, `${process.pid}-${started}-abcdef`, 'not ours']
  for (const name of names) mkdirSync(join(directory, 'staging', name, 'tmp'), { recursive: true })
  await room().ensure(model('m', shell(COPY_GOOD)))
  expect(stagingOf(directory).toSorted()).toEqual([`${process.pid}-${started}-abcdef`, 'not ours'].toSorted())
})

test('a directory that cannot be written is told as a failure of the fetch', async () => {
  const { room, shell, directory } = bench()
  writeFileSync(directory, 'a file where the directory should be')
  expect(await room().ensure(model('m', shell(COPY_GOOD)))).toMatchObject({
    kind: 'failed',
    code: 'weights_fetch_failed',
    facts: { why: expect.stringMatching(/ENOTDIR|EEXIST/) },
  })
})

test('what is stored is ours alone', async () => {
  const { room, shell, directory } = bench()
  await room().ensure(model('m', shell(`umask 0; ${COPY_GOOD}`)))
  expect(statSync(storedPath(directory)).mode & 0o777).toBe(0o600)
  expect(statSync(join(directory, 'sha256')).mode & 0o777).toBe(0o700)
})
