import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { InstanceId, ModelName } from '../core/index.ts'
import { safeName } from '../lib/safe-name.ts'
import { systemCode } from '../lib/system-reason.ts'
import type { StateDirectory } from './state-directory.ts'

/** Logs of ended instances that are kept per model; the oldest go. */
export const KEPT_LOGS_PER_MODEL = 8

/** Logs of instances whose record could not be read. No model has this name: `~` is escaped in theirs. */
const UNKNOWN_MODEL = '~unknown'

/** Where a running instance's output is. */
export function instanceLog(state: StateDirectory, instance: InstanceId): string {
  return join(state.run, safeName(instance), 'engine.log')
}

/** Logs of ended instances of a model, the newest first. */
export async function keptLogs(state: StateDirectory, model: ModelName): Promise<readonly string[]> {
  return logsIn(directoryOf(state, model))
}

/** Moves the log of an instance that has ended to where it is kept; nothing where it wrote none. */
export async function keepLog(state: StateDirectory, instance: InstanceId, model: ModelName | null): Promise<void> {
  const directory = directoryOf(state, model)
  await mkdir(directory, { recursive: true, mode: 0o700 })
  try {
    await rename(instanceLog(state, instance), join(directory, `${safeName(instance)}.log`))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw error
    return
  }
  const logs = await logsIn(directory)
  for (const path of logs.slice(KEPT_LOGS_PER_MODEL)) await rm(path, { force: true })
}

function directoryOf(state: StateDirectory, model: ModelName | null): string {
  return join(state.logs, 'engines', model === null ? UNKNOWN_MODEL : safeName(model))
}

async function logsIn(directory: string): Promise<readonly string[]> {
  let names: readonly string[]
  try {
    names = await readdir(directory)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
  const logs: { readonly path: string; readonly changed: number }[] = []
  for (const name of names) {
    if (!name.endsWith('.log')) continue
    const path = join(directory, name)
    logs.push({ path, changed: (await stat(path)).mtimeMs })
  }
  return logs.toSorted((a, b) => b.changed - a.changed || (a.path < b.path ? 1 : -1)).map(({ path }) => path)
}
