import { mkdir, stat } from 'node:fs/promises'
import { homedir } from 'node:os'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { EnginehouseError } from '../core/index.ts'
import { systemReason } from '../lib/system-reason.ts'
import { adminSocketPath } from './admin-socket.ts'
import type { Environment } from './admin-socket.ts'

/** Everything that the daemon keeps, by absolute path. Mode 0700: who can enter it is the operator. */
export interface StateDirectory {
  readonly path: string
  /** What the running daemon says of itself (daemon-file.ts). */
  readonly daemonFile: string
  readonly lockFile: string
  /** What loads took (learned.ts). */
  readonly learnedFile: string
  /** Outside of `path` when that is too long for a socket (admin-socket.ts). */
  readonly adminSocket: string
  readonly journal: string
  /** One directory per instance: launch record, socket, log. */
  readonly run: string
  readonly logs: string
  readonly engines: string
  readonly weights: string
}

/** ENGINEHOUSE_STATE_DIR, systemd's directory, XDG's, the home directory's; the first that is set. Absolute. */
export function stateDirectoryPath(environment: Environment): string {
  const own = environment['ENGINEHOUSE_STATE_DIR']
  if (own) return resolve(own)
  // systemd separates several directories by colons; the first is the one that is named for the unit.
  const systemd = environment['STATE_DIRECTORY']?.split(':')[0]
  if (systemd) return resolve(systemd)
  // The XDG specification has relative paths ignored.
  const xdg = environment['XDG_STATE_HOME']
  if (xdg && isAbsolute(xdg)) return join(xdg, 'enginehouse')
  return join(environment['HOME'] || homedir(), '.local', 'state', 'enginehouse')
}

/** Where things would be in a state directory; touches nothing. For clients of a daemon. */
export function stateDirectoryAt(path: string, environment: Environment): StateDirectory {
  const root = resolve(path)
  return Object.freeze({
    path: root,
    daemonFile: join(root, 'daemon.json'),
    lockFile: join(root, 'lock'),
    learnedFile: join(root, 'learned.json'),
    adminSocket: adminSocketPath(root, environment),
    journal: join(root, 'journal'),
    run: join(root, 'run'),
    logs: join(root, 'logs'),
    engines: join(root, 'engines'),
    weights: join(root, 'weights'),
  })
}

/**
 * Makes the state directory and what is in it. Throws state_directory_unusable when it is not a directory, belongs
 * to somebody else, is open to others or cannot be written; nothing is changed to make it fit.
 */
export async function openStateDirectory(
  path: string,
  environment: Environment = process.env,
): Promise<StateDirectory> {
  const state = stateDirectoryAt(path, environment)
  await makePrivate(state.path, state.path)
  for (const part of [state.journal, state.run, state.logs, state.engines, state.weights]) {
    await makePrivate(part, state.path)
  }
  await makePrivate(dirname(state.adminSocket), state.path)
  return state
}

async function makePrivate(directory: string, root: string): Promise<void> {
  const refuse = (why: string, cause?: unknown) =>
    new EnginehouseError('state_directory_unusable', { directory: root, why }, { cause })
  const prefix = directory === root ? '' : `${directory}: `
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw refuse(prefix + systemReason(error), error)
  }
  const facts = await stat(directory)
  const owner = process.getuid?.()
  if (owner !== undefined && facts.uid !== owner) {
    throw refuse(`${prefix}it belongs to user ${facts.uid}, and this is user ${owner}`)
  }
  if (facts.mode & 0o077) {
    throw refuse(`${prefix}others may enter it (mode 0${(facts.mode & 0o777).toString(8)})`)
  }
}
