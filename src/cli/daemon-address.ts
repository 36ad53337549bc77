import { readFile } from 'node:fs/promises'

import { EnginehouseError, quote } from '../core/index.ts'
import { systemReason } from '../lib/system-reason.ts'

/** Where a daemon is asked. */
export interface DaemonAddress {
  /** As errors name it. */
  readonly where: string
  /** Null where `url` alone leads to it. */
  readonly socketPath: string | null
  /** Its routes stand below this. */
  readonly url: URL
  readonly key: string | null
}

/** --host and --key-file, where they were given. */
export interface Named {
  readonly host?: string
  readonly keyFile?: string
}

/** The port of `server.listen` when the manifest says nothing; taken for a host that is named without scheme and port. */
const USUAL_PORT = 8080

/**
 * Who is named by --host, then by ENGINEHOUSE_HOST, goes before the admin socket of the state directory, whose
 * directory is the login, so that no key is sent there.
 */
export async function daemonAddress(options: Named, environment: NodeJS.ProcessEnv): Promise<DaemonAddress> {
  const host = options.host ?? (environment['ENGINEHOUSE_HOST'] || undefined)
  if (host === undefined) return socketAddress(await adminSocketOf(environment), null)
  const key = await keyOf(options, environment)
  if (host.startsWith('unix:')) return socketAddress(host.slice('unix:'.length), key)
  const url = urlOf(host)
  return { where: url.href.replace(/\/$/, ''), socketPath: null, url, key }
}

export function socketAddress(socketPath: string, key: string | null = null): DaemonAddress {
  return { where: socketPath, socketPath, url: new URL('http://localhost/'), key }
}

/** `http://host:port/prefix`, `https://…`, or `host[:port]`. */
function urlOf(host: string): URL {
  const hasScheme = /^[a-z][a-z0-9+.-]*:\/\//i.test(host)
  const url = parseUrl(hasScheme ? host : `http://${host}`)
  if (url === null || !['http:', 'https:'].includes(url.protocol) || url.username !== '' || url.search !== '') {
    throw new EnginehouseError('usage', {
      why: `--host must be http://HOST:PORT, https://HOST, unix:/PATH or HOST:PORT, not ${quote(host)}.`,
    })
  }
  if (!hasScheme && !/:\d+(\/|$)/.test(host)) url.port = String(USUAL_PORT)
  if (!url.pathname.endsWith('/')) url.pathname += '/'
  return url
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}

async function keyOf(options: Named, environment: NodeJS.ProcessEnv): Promise<string | null> {
  if (options.keyFile === undefined) return environment['ENGINEHOUSE_API_KEY']?.trim() || null
  const text = await readFile(options.keyFile, 'utf8').catch((error: unknown) => {
    throw new EnginehouseError('usage', {
      why: `--key-file ${options.keyFile} cannot be read: ${systemReason(error)}.`,
    })
  })
  const key = text.trim()
  if (/^\S+$/.test(key)) return key
  throw new EnginehouseError('usage', { why: `--key-file ${options.keyFile} must hold one key and nothing else.` })
}

/** What the daemon says of itself goes first: it may run with another runtime directory than this command. */
async function adminSocketOf(environment: NodeJS.ProcessEnv): Promise<string> {
  const { readDaemonFile, stateDirectoryAt, stateDirectoryPath } = await import('../journal/index.ts')
  const directory = stateDirectoryAt(stateDirectoryPath(environment), environment)
  // A file that cannot be read is met again as a socket that cannot be opened, which says more.
  const daemon = await readDaemonFile(directory).catch(() => null)
  return daemon?.adminSocket ?? directory.adminSocket
}
