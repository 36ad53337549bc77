import { createHash, randomBytes } from 'node:crypto'
import { link, readFile, readdir, rename, rm } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EnginehouseError } from '../core/index.ts'
import { writeDurable } from '../lib/durable.ts'
import { systemCode, systemReason } from '../lib/system-reason.ts'
import { exists, isAlive, parseHolder, thisProcess } from './lock-holder.ts'
import type { StateDirectory } from './state-directory.ts'

/** Each round is lost only to another process that moved; so many in a row mean that something is wrong. */
const ROUNDS = 200

export interface Lock {
  /** Gives the directory free, if it is still ours; the second call does nothing. */
  release(): Promise<void>
}

/**
 * One daemon per state directory. Throws state_directory_in_use while another one lives.
 *
 * A free lock is taken by `link`, which fails when there is one. A stale lock is succeeded, never removed: whoever
 * links the successor file, named by the hash of the stale text, has the only right to replace that text. Texts hold
 * a random token, so the right exists once. A successor that dies before it has replaced the lock is succeeded in
 * the same way, hence the chain. Successor files are removed only after the lock has changed, and a right is void
 * when the lock is no longer the text that the chain began with; so a slow process cannot use an old right.
 */
export async function acquireLock(directory: StateDirectory): Promise<Lock> {
  const token = randomBytes(16).toString('hex')
  const own = `${JSON.stringify(await thisProcess(token))}\n`
  const offer = `${directory.lockFile}.${process.pid}-${token}.tmp`
  try {
    await writeDurable(offer, own)
    await take(directory, offer)
  } catch (error) {
    if (error instanceof EnginehouseError) throw error
    throw unusable(directory, systemReason(error), error)
  } finally {
    await rm(offer, { force: true })
  }
  await tidy(directory)
  return {
    release: async () => {
      if ((await read(directory.lockFile)) === own) await rm(directory.lockFile, { force: true })
    },
  }
}

async function take(directory: StateDirectory, offer: string): Promise<void> {
  for (let round = 0; round < ROUNDS; round++) {
    if (await linked(offer, directory.lockFile)) return
    const root = await read(directory.lockFile)
    if (root === null) continue
    const last = await lastSuccessor(directory, root)
    const holder = parseHolder(last)
    if (holder && (await isAlive(holder))) {
      throw new EnginehouseError('state_directory_in_use', { directory: directory.path, pid: holder.pid })
    }
    const right = successorFile(directory, last)
    if (!(await linked(offer, right))) continue
    if ((await read(directory.lockFile)) === root) {
      await rename(offer, directory.lockFile)
      return
    }
    await rm(right, { force: true })
  }
  throw unusable(directory, `its lock changed hands ${ROUNDS} times while it was asked for`)
}

/** The text that stands for the lock now: its own, or that of the last process with the right to replace it. */
async function lastSuccessor(directory: StateDirectory, root: string): Promise<string> {
  let text = root
  for (;;) {
    const next = await read(successorFile(directory, text))
    if (next === null) return text
    text = next
  }
}

function successorFile(directory: StateDirectory, text: string): string {
  return `${directory.lockFile}.${createHash('sha256').update(text).digest('hex').slice(0, 32)}.next`
}

/** Removes what dead contenders left. Safe only for the holder: while it lives no right to succeed it exists. */
async function tidy(directory: StateDirectory): Promise<void> {
  const prefix = `${basename(directory.lockFile)}.`
  for (const name of await readdir(directory.path)) {
    if (!name.startsWith(prefix)) continue
    const pid = /^\.(\d+)-[0-9a-f]+\.tmp$/.exec(name.slice(prefix.length - 1))?.[1]
    const left = name.endsWith('.next') || (pid !== undefined && !exists(Number(pid)))
    if (left) await rm(join(directory.path, name), { force: true })
  }
}

async function linked(from: string, to: string): Promise<boolean> {
  try {
    await link(from, to)
    return true
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false
    throw error
  }
}

async function read(path: string): Promise<string | null> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return null
    throw error
  }
}

function unusable(directory: StateDirectory, why: string, cause?: unknown): EnginehouseError {
  return new EnginehouseError('state_directory_unusable', { directory: directory.path, why }, { cause })
}
