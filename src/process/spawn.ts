import { closeSync, openSync } from 'node:fs'
import { rm, stat } from 'node:fs/promises'
import { join } from 'node:path'

import { execa } from 'execa'

import { EnginehouseError } from '../core/index.ts'
import type { EngineProcess, ProcessExit, ProcessIdentity, ProcessRef, SpawnOrder } from '../core/index.ts'
import { NONCE_VARIABLE } from './environment.ts'
import { followOutput } from './output.ts'
import type { Output } from './output.ts'
import type { ProcessTable } from './table.ts'

type Child = ReturnType<typeof startChild>

/** Of everything that the engine writes, in the instance's directory. */
const ENGINE_LOG = 'engine.log'

/**
 * Starts the engine: in its own session, so that it outlives the daemon and its processes can be found together; with
 * exactly the order's environment and the nonce; its output straight into a file, as a pipe would break with the daemon.
 *
 * Rejects with engine_spawn_failed when there is no process; nothing of the try is left then but the log file.
 */
export async function spawnEngine(order: SpawnOrder, table: ProcessTable): Promise<EngineProcess> {
  const { descriptor, output } = await openLog(order)
  const child = startChild(order, descriptor)
  closeSync(descriptor)
  if (child.pid === undefined) {
    await output.finish()
    throw spawnFailed(order, await whyNot(order, (await child).cause))
  }
  const leader = await nameOrKill(child.pid, child, { table, output })
  const identity: ProcessIdentity = Object.freeze({ nonce: order.nonce, bootId: table.bootId, leader })
  const exited = child.then((result): ProcessExit => {
    table.reaped(leader)
    return { code: result.exitCode ?? null, signal: result.signal ?? null }
  })
  return {
    identity,
    exited,
    onLine: output.onLine,
    tail: output.tail,
    drained: exited.then(output.finish),
  }
}

/** Removes stale sockets and opens the log: to append, and to follow what is appended from now on. */
async function openLog(order: SpawnOrder): Promise<{ descriptor: number; output: Output }> {
  const path = join(order.directory, order.log ?? ENGINE_LOG)
  let descriptor: number | undefined
  try {
    await Promise.all(order.unlink.map((socket) => rm(socket, { force: true })))
    descriptor = openSync(path, 'a', 0o600)
    return { descriptor, output: await followOutput(path, (await stat(path)).size) }
  } catch (error) {
    if (descriptor !== undefined) closeSync(descriptor)
    throw spawnFailed(order, error)
  }
}

/** A process that cannot be named now could never be proven ours later: it must not live on. */
async function nameOrKill(
  pid: number,
  child: Child,
  { table, output }: { table: ProcessTable; output: Output },
): Promise<ProcessRef> {
  try {
    return table.identify(pid)
  } catch (error) {
    child.kill('SIGKILL')
    await child
    await output.finish()
    throw error
  }
}

/**
 * A raw descriptor is the only way to let the child write into the file itself: any other form of execa's goes through
 * this process. Not ended with the daemon (`cleanup`), not kept in memory (`buffer`).
 */
function startChild({ argv, env, cwd, nonce }: SpawnOrder, descriptor: number) {
  const [program = '', ...args] = argv
  // execa hands any descriptor on, but its types know only those of the standard streams.
  const output = descriptor as 1
  return execa(program, args, {
    cwd,
    // vLLM writes its title over its environment, and the nonce with it, unless SPT_NOENV is set.
    env: { ...env, SPT_NOENV: '1', [NONCE_VARIABLE]: nonce },
    extendEnv: false,
    detached: true,
    cleanup: false,
    buffer: false,
    reject: false,
    stdin: 'ignore',
    stdout: output,
    stderr: output,
  })
}

/** A missing working directory is reported as a missing program by the system. */
async function whyNot(order: SpawnOrder, cause: unknown): Promise<unknown> {
  const directory = await stat(order.cwd).catch(() => null)
  return directory?.isDirectory() ? cause : new Error(`its working directory ${order.cwd} is not there`)
}

function spawnFailed(order: SpawnOrder, cause: unknown): EnginehouseError<'engine_spawn_failed'> {
  const facts = { program: order.argv[0] ?? '', why: wordsFor(cause) }
  return new EnginehouseError('engine_spawn_failed', facts, { cause })
}

const REASONS: ReadonlyMap<unknown, string> = new Map([
  ['ENOENT', 'there is no such program'],
  ['EACCES', 'it may not be executed'],
  ['E2BIG', 'its arguments and environment are too long'],
  ['EAGAIN', 'the system has no room for another process'],
  ['ENOMEM', 'the system has no memory for another process'],
  ['EMFILE', 'the daemon has too many files open'],
])

function wordsFor(cause: unknown): string {
  if (!(cause instanceof Error)) return String(cause)
  const known = 'syscall' in cause && String(cause.syscall).startsWith('spawn') && 'code' in cause
  return (known && REASONS.get(cause.code)) || cause.message
}
