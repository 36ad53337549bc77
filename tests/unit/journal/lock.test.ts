import { createHash } from 'node:crypto'
import { spawn, spawnSync } from 'node:child_process'
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readFile, readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { acquireLock, openStateDirectory } from '../../../src/journal/index.ts'
import type { StateDirectory } from '../../../src/journal/index.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

async function stateDirectory(): Promise<StateDirectory> {
  return openStateDirectory(join(temporaryDirectory(), 'state'), {})
}

/** A lock's text of a process that has ended. */
function deadText(token: string): string {
  const { pid } = spawnSync(process.execPath, ['--version'])
  return `${JSON.stringify({ pid, startTime: '1', bootId: 'another boot', token })}\n`
}

async function liveText(): Promise<Record<string, unknown>> {
  const state = await stateDirectory()
  const lock = await acquireLock(state)
  const text = await readFile(state.lockFile, 'utf8')
  await lock.release()
  return JSON.parse(text) as Record<string, unknown>
}

function successorOf(state: StateDirectory, text: string): string {
  return `${state.lockFile}.${createHash('sha256').update(text).digest('hex').slice(0, 32)}.next`
}

async function locksIn(state: StateDirectory): Promise<readonly string[]> {
  return (await readdir(state.path)).filter((name) => name.startsWith('lock'))
}

test('is held by one, refused with the pid of its holder, and free after release', async () => {
  const state = await stateDirectory()
  const first = await acquireLock(state)
  await expect(acquireLock(state)).rejects.toMatchObject({
    code: 'state_directory_in_use',
    facts: { directory: state.path, pid: process.pid },
  })
  await first.release()
  const second = await acquireLock(state)
  // The first one's second release is none of the second's business.
  await first.release()
  await expect(acquireLock(state)).rejects.toMatchObject({ code: 'state_directory_in_use' })
  await second.release()
  expect(await locksIn(state)).toEqual([])
})

test.each([
  ['of a process that has ended', async () => deadText('a')],
  ['of another boot', async () => JSON.stringify({ ...(await liveText()), bootId: 'another' })],
  ['of an earlier process with the same pid', async () => JSON.stringify({ ...(await liveText()), startTime: '1' })],
  ['that a power cut emptied', async () => ''],
  ['that is no lock at all', async () => '{"pid":"me"}'],
])('a lock %s is taken over, and nothing is left of it', async (_, text) => {
  const state = await stateDirectory()
  await writeFile(state.lockFile, await text())
  const lock = await acquireLock(state)
  expect(await locksIn(state)).toEqual(['lock'])
  await expect(acquireLock(state)).rejects.toMatchObject({ code: 'state_directory_in_use' })
  await lock.release()
})

test('a successor that died half way is succeeded itself', async () => {
  const state = await stateDirectory()
  const [stale, successor, second] = [deadText('a'), deadText('b'), deadText('c')]
  await writeFile(state.lockFile, stale)
  await writeFile(successorOf(state, stale), successor)
  await writeFile(successorOf(state, successor), second)
  await acquireLock(state)
  expect(await locksIn(state)).toEqual(['lock'])
})

test('a successor that lives has the lock already', async () => {
  const state = await stateDirectory()
  const stale = deadText('a')
  await writeFile(state.lockFile, stale)
  await writeFile(successorOf(state, stale), JSON.stringify(await liveText()))
  await expect(acquireLock(state)).rejects.toMatchObject({
    code: 'state_directory_in_use',
    facts: { pid: process.pid },
  })
  expect(await readFile(state.lockFile, 'utf8')).toBe(stale)
})

test('a right to succeed a lock that is no more is void', async () => {
  const state = await stateDirectory()
  await writeFile(successorOf(state, deadText('gone')), deadText('b'))
  await acquireLock(state)
  expect(await locksIn(state)).toEqual(['lock'])
})

test('does not release what an operator has removed and another daemon has taken', async () => {
  const state = await stateDirectory()
  const lock = await acquireLock(state)
  const other = deadText('other')
  await writeFile(state.lockFile, other)
  await lock.release()
  expect(await readFile(state.lockFile, 'utf8')).toBe(other)
})

const CONTENDERS = 5
const TIMES_EACH = 3
const ROUNDS = 24

test('of many processes exactly one wins, over a free lock and over a stale one', { timeout: 120_000 }, async () => {
  const contenders = Array.from({ length: CONTENDERS }, startContender)
  for (const contender of contenders) expect(await contender.next()).toBe('up')
  for (let round = 0; round < ROUNDS; round++) {
    const state = await stateDirectory()
    if (round % 3 > 0) await writeFile(state.lockFile, deadText(`a${round}`))
    if (round % 3 > 1) {
      const stale = await readFile(state.lockFile, 'utf8')
      await writeFile(successorOf(state, stale), deadText(`b${round}`))
    }
    for (const contender of contenders) contender.say(`take ${state.path} ${TIMES_EACH}`)
    const answers: { won: number; refused: string[] }[] = []
    for (const contender of contenders) answers.push(JSON.parse(await contender.next()))
    expect(answers.reduce((sum, { won }) => sum + won, 0)).toBe(1)
    const refused = answers.flatMap((answer) => answer.refused)
    expect(refused).toHaveLength(CONTENDERS * TIMES_EACH - 1)
    expect(new Set(refused)).toEqual(new Set(['state_directory_in_use']))
    for (const contender of contenders) contender.say('release')
    for (const contender of contenders) expect(await contender.next()).toBe('released')
    expect((await locksIn(state)).filter((name) => !name.endsWith('.next'))).toEqual([])
  }
})

test('the lock of a killed process is free', { timeout: 60_000 }, async () => {
  const state = await stateDirectory()
  const contender = startContender()
  expect(await contender.next()).toBe('up')
  contender.say(`take ${state.path} 1`)
  expect(JSON.parse(await contender.next())).toEqual({ won: 1, refused: [] })
  await expect(acquireLock(state)).rejects.toMatchObject({
    code: 'state_directory_in_use',
    facts: { pid: contender.child.pid },
  })
  const exited = once(contender.child, 'exit')
  contender.child.kill('SIGKILL')
  await exited
  await acquireLock(state)
})

interface Contender {
  readonly child: ChildProcess
  say(line: string): void
  next(): Promise<string>
}

function startContender(): Contender {
  const program = fileURLToPath(new URL('./lock-contender.ts', import.meta.url))
  const child = spawn(process.execPath, ['--import', 'tsx', program], { stdio: ['pipe', 'pipe', 'inherit'] })
  onTestFinished(async () => {
    if (child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGKILL')
    await exited
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    child,
    say: (line) => child.stdin.write(`${line}\n`),
    next: async () => {
      const { value, done } = await lines.next()
      return done ? 'the process has ended' : value
    },
  }
}
