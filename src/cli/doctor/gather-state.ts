import { constants } from 'node:fs'
import { access, readFile, stat } from 'node:fs/promises'
import { dirname } from 'node:path'

import { launchesLeft, readDaemonFile, readLock, type StateDirectory } from '../../journal/index.ts'
import { systemCode, systemReason } from '../../lib/system-reason.ts'
import type { Client } from '../client.ts'
import type { Job } from '../job.ts'
import { DaemonError } from '../problem.ts'
import { isEmptyPlan } from '../render/manifest-plan.ts'
import type { DaemonFacts, StateFacts } from './facts.ts'
import { diskOf } from './gather-host.ts'

export async function gatherState(state: StateDirectory): Promise<StateFacts> {
  return {
    path: state.path,
    directory: await directoryFacts(state.path),
    user: process.getuid?.() ?? null,
    disk: await diskOf(state.path),
    lock: await readLock(state.lockFile).catch(() => ({ kind: 'unreadable' }) as const),
    adminSocket: state.adminSocket,
  }
}

async function directoryFacts(path: string): Promise<StateFacts['directory']> {
  try {
    const facts = await stat(path)
    if (!facts.isDirectory()) return { kind: 'other', why: 'it is no directory' }
    return { kind: 'present', mode: facts.mode & 0o777, owner: facts.uid, writable: await isWritable(path) }
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') return { kind: 'other', why: systemReason(error) }
    const parent = await nearestParent(path)
    return { kind: 'absent', parent, parentWritable: await isWritable(parent) }
  }
}

async function nearestParent(path: string): Promise<string> {
  const parent = dirname(path)
  const isThere = await stat(parent).then(
    (facts) => facts.isDirectory(),
    () => false,
  )
  return isThere || parent === path ? parent : nearestParent(parent)
}

async function isWritable(path: string): Promise<boolean> {
  return access(path, constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  )
}

/** Who holds the lock is asked by the socket that it names. */
export async function gatherDaemon(job: Job, state: StateDirectory): Promise<DaemonFacts> {
  const leftovers = await launchesLeft(state.run).catch(() => ({ launches: 0, damaged: 0 }))
  const lock = await readLock(state.lockFile).catch(() => null)
  if (lock?.kind !== 'held') return { kind: 'none', leftovers }
  try {
    const file = await readDaemonFile(state)
    const client = await job.client(file?.adminSocket ?? state.adminSocket)
    const status = await client.status()
    return {
      kind: 'running',
      pid: status.pid,
      version: status.version,
      listen: status.listen,
      manifest: status.manifest,
      startedAt: job.now() - status.uptime_seconds * 1000,
      file: status.manifest === null ? null : await compareFile(client, status.manifest),
      leftovers,
    }
  } catch (error) {
    job.signal.throwIfAborted()
    return { kind: 'silent', pid: lock.pid, why: systemReason(error).replace(/\.$/, '') }
  }
}

/** The daemon is asked what its file, as it is now, would change. */
async function compareFile(client: Client, path: string): Promise<Running['file']> {
  try {
    const plan = await client.plan(await readFile(path, 'utf8'))
    return isEmptyPlan(plan) ? 'in_force' : 'changed'
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return 'gone'
    const refused = error instanceof DaemonError && error.problem.code === 'manifest_invalid'
    return refused ? { refused: error.message.replace(/\.$/, '') } : null
  }
}

type Running = Extract<DaemonFacts, { kind: 'running' }>

export async function modifiedAt(path: string): Promise<number | null> {
  return stat(path).then(
    (facts) => facts.mtimeMs,
    () => null,
  )
}
