import { mkdir, readFile, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { InstanceId, LaunchRecord, Records } from '../core/index.ts'
import { syncPath } from '../lib/durable.ts'
import { replaceDurable } from '../lib/replace-durable.ts'
import { safeName } from '../lib/safe-name.ts'
import { systemCode, systemReason } from '../lib/system-reason.ts'
import type { Journal } from './journal.ts'
import { keepLog } from './kept-logs.ts'
import { formatLaunch, parseLaunch } from './launch-record.ts'
import type { LearnedWriter } from './learned.ts'
import type { StateDirectory } from './state-directory.ts'

/** Instance directories with an unreadable record that are kept to be looked at; the oldest go. */
export const KEPT_DAMAGED_LAUNCHES = 8

const RECORD = 'launch.json'
/** Begins with `~`, so that no instance's directory can end in it. */
export const DAMAGED = '~.damaged'

export interface DamagedLaunch {
  /** Where the instance's directory is now. */
  readonly path: string
  readonly why: string
}

export interface RecordsOptions {
  readonly directory: StateDirectory
  readonly journal: Pick<Journal, 'append'>
  readonly learned: Pick<LearnedWriter, 'write'>
  /** An engine of this launch may live on and cannot be proven ours. */
  readonly onDamaged: (damage: DamagedLaunch) => void
}

/** run/ and the journal as the supervisor knows them. File system errors reject as they are. */
export function createRecords({ directory: state, journal, learned, onDamaged }: RecordsOptions): Records {
  const directoryOf = (instance: InstanceId) => join(state.run, safeName(instance))
  const recordOf = (instance: InstanceId) => join(directoryOf(instance), RECORD)

  return {
    async makeDirectory(instance) {
      const path = directoryOf(instance)
      await mkdir(path, { recursive: true, mode: 0o700 })
      await syncPath(state.run)
      return path
    },

    async writeLaunch(record) {
      await replaceDurable(recordOf(record.instance), formatLaunch(record))
    },

    async removeLaunch(instance) {
      const text = await readIfThere(recordOf(instance))
      const record = text === null ? null : parseLaunch(text)
      await keepLog(state, instance, record && 'model' in record ? record.model : null)
      // The record goes first: a crash in between leaves a directory that says that nothing runs.
      await rm(recordOf(instance), { force: true })
      await rm(directoryOf(instance), { recursive: true, force: true })
      await syncPath(state.run)
    },

    async readLaunches() {
      const launches: LaunchRecord[] = []
      for (const name of (await readdir(state.run)).toSorted()) {
        if (name.endsWith(DAMAGED)) continue
        const found = await readOne(join(state.run, name), name)
        if (found === null) continue
        if ('model' in found) launches.push(found)
        else onDamaged(await setAside(state.run, name, found.why))
      }
      return launches
    },

    writeLearned: (loads) => learned.write(loads),
    append: (records) => journal.append(records),
  }
}

/** Null for a directory without a record: the daemon died before it had written one, so that nothing was spawned. */
async function readOne(path: string, name: string): Promise<LaunchRecord | { readonly why: string } | null> {
  let text: string | null
  try {
    text = await readIfThere(join(path, RECORD))
  } catch (error) {
    return { why: systemReason(error) }
  }
  if (text === null) {
    await rm(path, { recursive: true, force: true })
    return null
  }
  const record = parseLaunch(text)
  if ('model' in record && safeName(record.instance) !== name) {
    return { why: `it is of the instance ${record.instance}, which has another directory` }
  }
  return record
}

async function setAside(run: string, name: string, why: string): Promise<DamagedLaunch> {
  const path = join(run, `${name}${DAMAGED}`)
  await rm(path, { recursive: true, force: true })
  await rename(join(run, name), path)
  const kept: { readonly path: string; readonly changed: number }[] = []
  for (const other of await readdir(run)) {
    if (!other.endsWith(DAMAGED)) continue
    kept.push({ path: join(run, other), changed: (await stat(join(run, other))).ctimeMs })
  }
  kept.sort((a, b) => b.changed - a.changed)
  for (const old of kept.slice(KEPT_DAMAGED_LAUNCHES)) await rm(old.path, { recursive: true, force: true })
  await syncPath(run)
  return { path, why }
}

async function readIfThere(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw error
  }
}
