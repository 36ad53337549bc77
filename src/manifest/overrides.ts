import { isIP } from 'node:net'
import type { ListenAddress, Millis } from '../core/index.ts'
import { EnginehouseError, parseDuration, quote } from '../core/index.ts'
import { PORT_MAX } from './limits.ts'
import { parseListen } from './listen.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** What stands above the manifest (INTERFACE, precedence). */
export interface ManifestOverrides {
  readonly listen?: ListenAddress
  /** Below `listen`: a part of the TCP address that the manifest names, or that holds by default. */
  readonly host?: string
  readonly port?: number
  /** For models that write no ttl of their own; null is never. */
  readonly ttl?: Millis | null
  /** Which flag or variable each of them comes from. */
  readonly origins?: Readonly<Partial<Record<'listen' | 'host' | 'port' | 'ttl', OverrideOrigin>>>
}

export interface OverrideOrigin {
  readonly from: 'flag' | 'environment'
  /** `--listen`, `ENGINEHOUSE_LISTEN`. */
  readonly name: string
}

/** Flags that go before the environment, as they are written. */
export interface OverrideFlags {
  readonly listen?: string | undefined
  readonly defaultTtl?: string | undefined
}

/**
 * From flags, then ENGINEHOUSE_LISTEN and ENGINEHOUSE_DEFAULT_TTL, then HOST, PORT and DEFAULT_TTL, which other programs
 * read too. Empty counts as not set. Throws usage for a value that is wrong, but for a HOST that is a machine's name:
 * some shells set it by themselves (docs/decisions, "Which HOST counts").
 */
export function overridesFrom(env: Environment, flags: OverrideFlags = {}): ManifestOverrides {
  const listen = firstSet(flags.listen, '--listen', env, ['ENGINEHOUSE_LISTEN'])
  const ttl = firstSet(flags.defaultTtl, '--default-ttl', env, ['ENGINEHOUSE_DEFAULT_TTL', 'DEFAULT_TTL'])
  const host = listen || !isAddress(env['HOST']) ? undefined : firstSet(undefined, '', env, ['HOST'])
  const port = listen ? undefined : firstSet(undefined, '', env, ['PORT'])
  const found = { listen, host, port, ttl }
  return Object.freeze({
    ...(listen && { listen: readListen(listen.text, listen.origin.name) }),
    ...(host && { host: host.text }),
    ...(port && { port: readPort(port.text) }),
    ...(ttl && { ttl: readTtl(ttl.text, ttl.origin.name) }),
    origins: Object.fromEntries(Object.entries(found).flatMap(([key, given]) => (given ? [[key, given.origin]] : []))),
  })
}

/** What somebody who set these variables may expect, and does not get; each a sentence. */
export function overrideNotices(env: Environment): readonly string[] {
  const { HOST: host, CLEANUP_INTERVAL: interval } = env
  const named = host !== undefined && host !== '' && !isAddress(host)
  return [
    ...(named
      ? [`HOST is ${quote(host)}, the name of a machine, and is not used; ENGINEHOUSE_LISTEN names an address.`]
      : []),
    ...(interval ? ['CLEANUP_INTERVAL does nothing here: TTL is exact; nothing polls.'] : []),
  ]
}

/** The address that holds: parts of it may stand above the manifest, but no part turns a socket into a port. */
export function listenWith(overrides: ManifestOverrides, written: ListenAddress): ListenAddress {
  if (overrides.listen) return overrides.listen
  if (written.kind === 'unix') return written
  return { kind: 'tcp', host: overrides.host ?? written.host, port: overrides.port ?? written.port }
}

interface Given {
  readonly text: string
  readonly origin: OverrideOrigin
}

function firstSet(
  flag: string | undefined,
  name: string,
  env: Environment,
  names: readonly string[],
): Given | undefined {
  if (flag !== undefined) return { text: flag, origin: { from: 'flag', name } }
  const set = names.find((each) => env[each])
  return set === undefined ? undefined : { text: env[set] ?? '', origin: { from: 'environment', name: set } }
}

/** An address that `origin` (a flag, a variable) names. Throws usage when it is none. */
export function readListen(text: string, origin: string): ListenAddress {
  const address = parseListen(text)
  if (!address) {
    throw new EnginehouseError('usage', {
      why: `${origin} must be HOST:PORT, [V6]:PORT or unix:/PATH, not ${quote(text)}.`,
    })
  }
  return address
}

function isAddress(text: string | undefined): boolean {
  return text !== undefined && (isIP(text) !== 0 || text.toLowerCase() === 'localhost')
}

function readPort(text: string): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (port <= PORT_MAX) return port
  throw new EnginehouseError('usage', { why: `PORT must be a port from 0 to ${PORT_MAX}, not ${quote(text)}.` })
}

function readTtl(text: string, origin: string): Millis | null {
  const ttl = text === 'never' ? null : parseDuration(text)
  if (ttl !== undefined) return ttl
  const why = `${origin} must be a duration such as 90s or 5m, or never, not ${quote(text)}.`
  throw new EnginehouseError('usage', { why })
}
