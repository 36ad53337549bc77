import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bytes, InstanceId, ModelName } from '../core/index.ts'
import { GIB } from '../core/index.ts'
import { logGenerations } from '../lib/log-generations.ts'
import { safeName } from '../lib/safe-name.ts'
import { systemCode } from '../lib/system-reason.ts'
import type { StateDirectory } from './state-directory.ts'

/** Logs of ended instances that are kept per model; the oldest go. */
export const KEPT_LOGS_PER_MODEL = 8
/** Of all models together; the oldest go. A log is at most some 20 MiB, and most are a few KiB. */
export const KEPT_LOG_BYTES: Bytes = GIB

/** Logs of instances whose record could not be read. No model has this name: `~` is escaped in theirs. */
const UNKNOWN_MODEL = '~unknown'

/** The output of one instance. */
export interface InstanceLog {
  /** The instance's id as a file name has it. */
  readonly name: string
  /** Its one or two files, the newer first; the second one may not be there. */
  readonly files: readonly string[]
}

interface KeptLog extends InstanceLog {
  readonly changed: number
  readonly bytes: Bytes
}

/** Where a running instance's output is. */
export function instanceLog(state: StateDirectory, instance: InstanceId): InstanceLog {
  const name = safeName(instance)
  return { name, files: filesOf(join(state.run, name, 'engine.log')) }
}

/** Logs of ended instances of a model, the newest first. */
export async function keptLogs(state: StateDirectory, model: ModelName): Promise<readonly InstanceLog[]> {
  return logsIn(directoryOf(state, model))
}

/** Moves the log of an instance that has ended to where it is kept; nothing where it wrote none. */
export async function keepLog(state: StateDirectory, instance: InstanceId, model: ModelName | null): Promise<void> {
  const directory = directoryOf(state, model)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  const { name, files } = instanceLog(state, instance)
  const kept = filesOf(join(directory, `${name}.log`))
  for (const [index, file] of files.entries()) await renameIfThere(file, kept[index] ?? '')
  for (const log of (await logsIn(directory)).slice(KEPT_LOGS_PER_MODEL)) await remove(log)
  await removeBeyond(state, KEPT_LOG_BYTES)
}

/** Removes the oldest kept logs of all models until the others are no more than `limit`. */
export async function removeBeyond(state: StateDirectory, limit: Bytes): Promise<void> {
  const root = join(state.logs, 'engines')
  const logs = await Promise.all((await namesIn(root)).map((name) => logsIn(join(root, name))))
  let bytes = 0
  for (const log of logs.flat().toSorted(newestFirst)) {
    bytes += log.bytes
    if (bytes > limit) await remove(log)
  }
}

function filesOf(path: string): readonly string[] {
  return logGenerations(path, 2)
}

function directoryOf(state: StateDirectory, model: ModelName | null): string {
  return join(state.logs, 'engines', model === null ? UNKNOWN_MODEL : safeName(model))
}

async function logsIn(directory: string): Promise<readonly KeptLog[]> {
  const logs: KeptLog[] = []
  for (const file of await namesIn(directory)) {
    if (!file.endsWith('.log')) continue
    const files = filesOf(join(directory, file))
    const facts = await Promise.all(files.map((each) => factsOf(each)))
    logs.push({
      name: file.slice(0, -'.log'.length),
      files,
      changed: facts[0]?.changed ?? 0,
      bytes: facts.reduce((sum, each) => sum + (each?.bytes ?? 0), 0),
    })
  }
  return logs.toSorted(newestFirst)
}

function newestFirst(a: KeptLog, b: KeptLog): number {
  return b.changed - a.changed || (a.name < b.name ? 1 : -1)
}

async function remove(log: KeptLog): Promise<void> {
  for (const file of log.files) await rm(file, { force: true })
}

async function namesIn(directory: string): Promise<readonly string[]> {
  return (await ifThere(readdir(directory))) ?? []
}

async function factsOf(path: string): Promise<{ readonly changed: number; readonly bytes: Bytes } | null> {
  const facts = await ifThere(stat(path))
  return facts && { changed: facts.mtimeMs, bytes: facts.size }
}

async function renameIfThere(from: string, to: string): Promise<void> {
  await ifThere(rename(from, to))
}

/** Null for what is not there. */
async function ifThere<T>(found: Promise<T>): Promise<T | null> {
  try {
    return await found
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw error
  }
}
