import { mkdir, readFile, readdir, stat, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JournalRecord, LaunchRecord, Records } from '../../../src/core/index.ts'
import { createRecords, instanceLog, keptLogs, openStateDirectory } from '../../../src/journal/index.ts'
import type { DamagedLaunch, StateDirectory } from '../../../src/journal/index.ts'
import { KEPT_LOGS_PER_MODEL, removeBeyond } from '../../../src/journal/kept-logs.ts'
import { KEPT_DAMAGED_LAUNCHES } from '../../../src/journal/launches.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { made } from './samples.ts'

interface House {
  readonly state: StateDirectory
  readonly records: Records
  readonly damaged: DamagedLaunch[]
  readonly appended: JournalRecord[]
}

function logOf(state: StateDirectory, instance: string): string {
  return instanceLog(state, instance).files[0] ?? ''
}

async function house(): Promise<House> {
  const state = await openStateDirectory(join(temporaryDirectory(), 'state'), {})
  const damaged: DamagedLaunch[] = []
  const appended: JournalRecord[] = []
  const journal = { append: (records: readonly JournalRecord[]) => appended.push(...records) }
  const records = createRecords({
    directory: state,
    journal,
    learned: { write: () => {} },
    onDamaged: (damage) => damaged.push(damage),
  })
  return { state, records, damaged, appended }
}

function launch(instance: string, model = 'org/qwen'): LaunchRecord {
  return {
    instance,
    model,
    identity: { nonce: 'n'.repeat(32), bootId: 'boot', leader: null },
    claims: [{ device: 'host', bytes: 5, origin: 'formula' }],
    startedAt: 1000,
    argv: ['llama-server', '-m', 'a b'],
  }
}

test('an intent is on disk when it resolves, private, and replaced whole by the one with the leader', async () => {
  const { records, state } = await house()
  const directory = await records.makeDirectory('qwen-1')
  expect(directory).toBe(join(state.run, 'qwen-1'))
  expect((await stat(directory)).mode & 0o777).toBe(0o700)
  await records.writeLaunch(launch('qwen-1'))
  expect((await stat(join(directory, 'launch.json'))).mode & 0o777).toBe(0o600)
  expect(await records.readLaunches()).toEqual([launch('qwen-1')])
  const born = { ...launch('qwen-1'), identity: { nonce: 'm', bootId: 'boot', leader: { pid: 7, startTime: '99' } } }
  await records.writeLaunch(born)
  expect(await records.readLaunches()).toEqual([born])
  expect(await readdir(directory)).toEqual(['launch.json'])
})

test('a write that fails leaves the record as it was and nothing beside it', async () => {
  const { records, state } = await house()
  await expect(records.writeLaunch(launch('no-directory'))).rejects.toMatchObject({ code: 'ENOENT' })
  expect(await readdir(state.run)).toEqual([])
})

test('names of others never become paths', async () => {
  const { records, state } = await house()
  for (const instance of ['../../evil', 'a/b', '..', 'CON:1']) {
    await records.makeDirectory(instance)
    await records.writeLaunch(launch(instance, '../../../evil'))
    await writeFile(logOf(state, instance), 'log')
  }
  expect((await records.readLaunches()).map((record) => record.instance).toSorted()).toEqual(
    ['../../evil', 'a/b', '..', 'CON:1'].toSorted(),
  )
  for (const instance of ['../../evil', 'a/b', '..', 'CON:1']) await records.removeLaunch(instance)
  expect(await readdir(state.run)).toEqual([])
  expect(await readdir(join(state.logs, 'engines'))).toEqual(['%2E.%2F..%2F..%2Fevil'])
  expect(await keptLogs(state, '../../../evil')).toHaveLength(4)
})

test('removing keeps the log, by model, and no more than the limit of them', async () => {
  const { records, state } = await house()
  for (let count = 1; count <= KEPT_LOGS_PER_MODEL + 3; count++) {
    const instance = `qwen-${count}`
    await records.makeDirectory(instance)
    await records.writeLaunch(launch(instance))
    await writeFile(logOf(state, instance), `log ${count}`)
    await writeFile(`${logOf(state, instance)}.1`, `older ${count}`)
    await utimes(logOf(state, instance), count, count)
    await records.removeLaunch(instance)
  }
  expect(await readdir(state.run)).toEqual([])
  const logs = await keptLogs(state, 'org/qwen')
  expect(logs).toHaveLength(KEPT_LOGS_PER_MODEL)
  const name = `qwen-${KEPT_LOGS_PER_MODEL + 3}`
  const newest = join(state.logs, 'engines', 'org%2Fqwen', `${name}.log`)
  expect(logs[0]).toMatchObject({ name, files: [newest, `${newest}.1`] })
  const oldest = await Promise.all((logs.at(-1)?.files ?? []).map((file) => readFile(file, 'utf8')))
  expect(oldest).toEqual(['log 4', 'older 4'])
  expect(await readdir(join(newest, '..'))).toHaveLength(2 * KEPT_LOGS_PER_MODEL)
  expect(await keptLogs(state, 'another')).toEqual([])
})

test('of all models together the oldest logs go where they are too large', async () => {
  const { records, state } = await house()
  for (let count = 1; count <= 4; count++) {
    const instance = `i-${count}`
    await records.makeDirectory(instance)
    await records.writeLaunch(launch(instance, `model-${count % 2}`))
    await writeFile(logOf(state, instance), 'x'.repeat(100))
    await writeFile(`${logOf(state, instance)}.1`, 'x'.repeat(100))
    await utimes(logOf(state, instance), count, count)
    await records.removeLaunch(instance)
  }
  await removeBeyond(state, 450)
  const left = await Promise.all(['model-0', 'model-1'].map((model) => keptLogs(state, model)))
  expect(left.map((logs) => logs.map(({ name }) => name))).toEqual([['i-4'], ['i-3']])
  expect(await readdir(join(state.logs, 'engines', 'model-0'))).toHaveLength(2)
})

test('removing what has no log, no record, or is not there at all is nothing to complain of', async () => {
  const { records, state } = await house()
  await records.makeDirectory('a')
  await records.writeLaunch(launch('a'))
  await records.makeDirectory('b')
  await writeFile(logOf(state, 'b'), 'whose?')
  for (const instance of ['a', 'b', 'c']) await records.removeLaunch(instance)
  expect(await readdir(state.run)).toEqual([])
  expect(await readdir(join(state.logs, 'engines', '~unknown'))).toEqual(['b.log'])
})

test('a directory without a record is of a launch that never came to a spawn', async () => {
  const { records, state, damaged } = await house()
  const directory = await records.makeDirectory('qwen-1')
  await writeFile(join(directory, 'launch.json.0123456789ab.tmp'), '{"inst')
  expect(await records.readLaunches()).toEqual([])
  expect(damaged).toEqual([])
  expect(await readdir(state.run)).toEqual([])
})

const whole = JSON.stringify(launch('qwen-1'))

test.each([
  ['cut short', whole.slice(0, -9), 'it is not JSON'],
  ['empty', '', 'it is not JSON'],
  ['not a record', '[]', /^it: /],
  ['without a nonce', whole.replace('n'.repeat(32), ''), /^identity\.nonce: /],
  [
    'with a pid that is none',
    whole.replace('"leader":null', '"leader":{"pid":-1,"startTime":"1"}'),
    /^identity\.leader\.pid: /,
  ],
  [
    'of another instance',
    JSON.stringify(launch('qwen-2')),
    'it is of the instance qwen-2, which has another directory',
  ],
])('a record %s is set aside with all that lies beside it, and reported', async (_, text, why) => {
  const { records, state, damaged } = await house()
  await records.makeDirectory('good')
  await records.writeLaunch(launch('good'))
  const directory = await records.makeDirectory('qwen-1')
  await writeFile(join(directory, 'launch.json'), text)
  await writeFile(logOf(state, 'qwen-1'), 'its log')
  expect(await records.readLaunches()).toEqual([launch('good')])
  expect(damaged).toEqual([{ path: join(state.run, 'qwen-1~.damaged'), why: expect.stringMatching(why) }])
  expect(await readFile(join(state.run, 'qwen-1~.damaged', 'engine.log'), 'utf8')).toBe('its log')
  expect(await records.readLaunches()).toEqual([launch('good')])
  expect(damaged).toHaveLength(1)
})

test('keys of a later version are no damage', async () => {
  const { records, damaged } = await house()
  const directory = await records.makeDirectory('qwen-1')
  await writeFile(join(directory, 'launch.json'), JSON.stringify({ ...launch('qwen-1'), sleep: 2 }))
  expect(await records.readLaunches()).toEqual([launch('qwen-1')])
  expect(damaged).toEqual([])
})

test('what lies in run/ and is no directory is set aside too', async () => {
  const { records, state, damaged } = await house()
  await writeFile(join(state.run, 'stray'), '')
  expect(await records.readLaunches()).toEqual([])
  expect(damaged.map(({ path }) => path)).toEqual([join(state.run, 'stray~.damaged')])
})

test('no more damaged ones are kept than the limit', async () => {
  const { records, state, damaged } = await house()
  const many = KEPT_DAMAGED_LAUNCHES + 4
  for (let count = 0; count < many; count++) {
    await mkdir(join(state.run, `i${count}`))
    await writeFile(join(state.run, `i${count}`, 'launch.json'), '')
  }
  expect(await records.readLaunches()).toEqual([])
  expect(damaged).toHaveLength(many)
  expect(await readdir(state.run)).toHaveLength(KEPT_DAMAGED_LAUNCHES)
})

test('appends to the journal', async () => {
  const { records, appended } = await house()
  const one = made('fetch', {})
  records.append([one])
  expect(appended).toEqual([one])
})
