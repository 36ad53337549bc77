import { appendFileSync, mkdirSync, renameSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { runCommand, startCommand } from '../../support/cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { stubDaemon } from './stub-daemon.ts'

const ndjson = (...values: readonly object[]): string => values.map((value) => `${JSON.stringify(value)}\n`).join('')

describe('logs of a model', () => {
  const said = ndjson(
    { model: 'm', instance: 'm-1', at: null, line: 'one\u001b[32m green\u001b[0m' },
    { model: 'm', instance: 'm-2', at: '2026-01-31T14:00:00.000Z', line: 'two\u001b]0;title\u0007' },
    { line: '[enginehouse: 7 lines were left out here]' },
  )
  const daemon = () => stubDaemon({ 'GET /api/v1/logs': (_request, response) => response.end(said) })

  it('are its lines, with a word where another instance begins and nothing that a terminal obeys', async () => {
    const { stdout } = await runCommand(['logs', 'm'], await daemon())
    expect(stdout).toBe(
      'one green\n[enginehouse: from here on m-2]\ntwo\\u001b]0;title\\u0007\n[enginehouse: 7 lines were left out here]\n',
    )
  })

  it('are JSON with --json', async () => {
    const { stdout } = await runCommand(['logs', 'm', '--json'], await daemon())
    expect(stdout).toBe(said)
  })

  it.each([
    [['logs', 'm'], { follow: 'false', lines: '100' }],
    [['logs', 'm', '-f', '--lines', '7'], { follow: 'true', lines: '7' }],
    [['logs', 'm', '--since', '10m'], { follow: 'false', since: '10m' }],
  ])('%j asks for %j', async (argv, query) => {
    const asked = await daemon()
    await runCommand(argv, asked)
    expect(asked.requests[0]?.query).toEqual({ model: 'm', format: 'json', ...query })
  })
})

describe('logs of the daemon', () => {
  const NOW = Date.now()
  const line = (number: number, minutesAgo = 0): string =>
    ndjson({ level: 'info', time: new Date(NOW - minutesAgo * 60_000).toISOString(), n: number, msg: `line ${number}` })

  function kept(...files: readonly string[]) {
    const state = temporaryDirectory()
    const directory = join(state, 'logs')
    mkdirSync(directory, { mode: 0o700 })
    const path = join(directory, 'daemon.log')
    files.forEach((text, age) => writeFileSync(age === 0 ? path : `${path}.${age}`, text))
    return { path, environment: { ENGINEHOUSE_STATE_DIR: state } }
  }

  const numbers = (stdout: string): readonly number[] => [...stdout.matchAll(/n=(\d+)/g)].map(([, n]) => Number(n))

  it('come from its files without a daemon, the oldest first, over rotations', async () => {
    const { environment } = kept(line(4) + line(5), line(2) + line(3), line(1))
    const all = await runCommand(['logs'], { environment })
    expect(all).toMatchObject({ exit: 0, stderr: '' })
    expect(all.stdout).toMatch(/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d info {2}line 1 {2}n=1\n/)
    expect(numbers(all.stdout)).toEqual([1, 2, 3, 4, 5])
    expect(numbers((await runCommand(['logs', '--lines', '3'], { environment })).stdout)).toEqual([3, 4, 5])
    expect((await runCommand(['logs', '--lines', '1', '--json'], { environment })).stdout).toBe(line(5))
  })

  it('begin at --since', async () => {
    const { environment } = kept(line(3, 5) + line(4), line(1, 60) + line(2, 9))
    expect(numbers((await runCommand(['logs', '--since', '10m'], { environment })).stdout)).toEqual([2, 3, 4])
  })

  it('go on with -f when the log is rotated, and when its file is made anew', async () => {
    const { path, environment } = kept(line(1))
    const command = startCommand(['logs', '-f'], { environment })
    await command.until('stdout', 'n=1')
    appendFileSync(path, line(2))
    renameSync(path, `${path}.1`)
    appendFileSync(`${path}.1`, line(3))
    writeFileSync(path, line(4))
    await command.until('stdout', 'n=4')
    const half = line(5)
    appendFileSync(path, half.slice(0, 10))
    appendFileSync(path, half.slice(10))
    await command.until('stdout', 'n=5')
    command.signal('SIGINT')
    const { exit, stdout } = await command.ended
    expect(exit).toBe(130)
    expect(numbers(stdout)).toEqual([1, 2, 3, 4, 5])
  })

  it('are asked of a daemon that keeps none, or that is elsewhere', async () => {
    const daemon = await stubDaemon({ 'GET /api/v1/logs': (_request, response) => response.end(line(1)) })
    expect(numbers((await runCommand(['logs'], daemon)).stdout)).toEqual([1])
    const { environment } = kept(line(7))
    const away = await runCommand(['logs', '--host', daemon.url], { environment })
    expect(numbers(away.stdout)).toEqual([1])
    expect(daemon.requests.map(({ query }) => query)).toEqual(
      Array.from({ length: 2 }, () => ({ follow: 'false', lines: '100' })),
    )
  })

  it('have a level', async () => {
    const daemon = await stubDaemon({ 'POST /api/v1/logs/level': { level: 'debug', was: 'info' } })
    const set = await runCommand(['logs', '--level', 'debug'], daemon)
    expect(set.stdout).toBe('The daemon logs from debug on; it was info.\n')
    expect(daemon.requests[0]?.body).toEqual({ level: 'debug' })
    expect((await runCommand(['logs', 'm', '--level', 'debug'], daemon)).exit).toBe(2)
    expect((await runCommand(['logs', '--level', 'loud'], daemon)).exit).toBe(2)
  })
})
