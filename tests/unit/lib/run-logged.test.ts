import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { runLogged } from '../../../src/lib/run-logged.ts'
import { untilText, untilTrue } from '../../support/gates.ts'
import { testEnvironment } from '../../support/run.ts'
import { isLiving } from '../../support/sweep.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

function order(argv: readonly [string, ...string[]]) {
  const cwd = temporaryDirectory()
  const told: number[] = []
  const log = join(cwd, 'log')
  return { argv, cwd, env: testEnvironment(), log, watch: cwd, onBytes: (bytes: number) => told.push(bytes), told }
}

test('output of both streams is in the log, and a good end is done', async () => {
  const run = order(['sh', '-c', 'echo out; echo err >&2'])
  expect(await runLogged(run)).toEqual({ kind: 'done' })
  expect(readFileSync(run.log, 'utf8')).toBe('out\nerr\n')
  expect(run.told[0]).toBe(0)
})

test('of a failure the last eight lines are told; a redrawn line counts as it was seen last', async () => {
  const run = order(['sh', '-c', 'seq 20; printf "10%%\\r 50%%\\r100%%\\n\\n"; exit 7'])
  expect(await runLogged(run)).toEqual({
    kind: 'failed',
    why: 'sh ended with exit code 7',
    tail: ['14', '15', '16', '17', '18', '19', '20', '100%'],
  })
})

test('of endless output only the end is read', async () => {
  const run = order(['sh', '-c', 'head -c 300000 /dev/zero | tr "\\0" x; echo; echo the end; exit 1'])
  const outcome = await runLogged(run)
  expect(outcome.kind === 'failed' && outcome.tail.at(-1)).toBe('the end')
  expect(outcome.kind === 'failed' && outcome.tail.join('').length).toBeLessThanOrEqual(8192)
})

test.each([
  [['no-such-program'], /^no-such-program was not found$/],
  [['/etc/passwd'], /^\/etc\/passwd could not be started \(EACCES\)$/],
  [['sh', '-c', 'kill -SEGV $$'], /^sh was ended by SIGSEGV$/],
] as const)('%j', async (argv, why) => {
  const outcome = await runLogged(order(argv))
  expect(outcome).toMatchObject({ kind: 'failed', why: expect.stringMatching(why) })
})

test('nothing runs once it is aborted', async () => {
  const run = order(['touch', 'ran'])
  writeFileSync(run.log, 'old')
  expect(await runLogged({ ...run, signal: AbortSignal.abort() })).toEqual({ kind: 'aborted' })
  expect(readFileSync(run.log, 'utf8')).toBe('old')
})

test('each line is told, the last one too, and a long one cut', async () => {
  const lines: string[] = []
  const run = order(['sh', '-c', 'echo one >&2; echo; printf "two\\r"; head -c 40000 /dev/zero | tr "\\0" x'])
  expect(await runLogged({ ...run, onLine: (line) => lines.push(line) })).toEqual({ kind: 'done' })
  expect(lines).toEqual(['one', 'two', `${'x'.repeat(16 * 1024)}…`])
})

test('aborted, nothing of its group is left, not even what takes no notice of TERM', async () => {
  const run = order(['sh', '-c', `sh -c 'trap "" TERM; echo $$ > child; while :; do sleep 1; done'`])
  const aborting = new AbortController()
  const outcome = runLogged({ ...run, signal: aborting.signal })
  const [pid] = await untilText(join(run.cwd, 'child'), /\d+\n/)
  aborting.abort()
  expect(await outcome).toEqual({ kind: 'aborted' })
  await untilTrue(() => !isLiving(Number(pid)))
})
