import type { ListenAddress, Millis } from '../core/index.ts'
import { EnginehouseError, parseDuration, quote } from '../core/index.ts'
import { describeListen, isLoopback, parseListen } from './listen.ts'

/** What stands above the manifest (INTERFACE, precedence). */
export interface ManifestOverrides {
  readonly listen?: ListenAddress
  /** For models that write no ttl of their own; null is never. */
  readonly ttl?: Millis | null
}

/** From ENGINEHOUSE_LISTEN and ENGINEHOUSE_DEFAULT_TTL; empty counts as not set. Throws usage for a value that is wrong. */
export function overridesFrom(env: NodeJS.ProcessEnv): ManifestOverrides {
  const { ENGINEHOUSE_LISTEN: listen, ENGINEHOUSE_DEFAULT_TTL: ttl } = env
  return Object.freeze({
    ...(listen ? { listen: readListen(listen, 'ENGINEHOUSE_LISTEN') } : {}),
    ...(ttl ? { ttl: readTtl(ttl) } : {}),
  })
}

/** An address that `origin` (a flag, a variable) names. Throws usage when it is none, or not loopback. */
export function readListen(text: string, origin: string): ListenAddress {
  const address = parseListen(text)
  if (!address) {
    throw new EnginehouseError('usage', {
      why: `${origin} must be HOST:PORT, [V6]:PORT or unix:/PATH, not ${quote(text)}.`,
    })
  }
  if (isLoopback(address)) return address
  const why = `${origin} is ${describeListen(address)}, which other hosts can reach, and keys are not supported by this version.`
  throw new EnginehouseError('usage', { why })
}

function readTtl(text: string): Millis | null {
  const ttl = text === 'never' ? null : parseDuration(text)
  if (ttl !== undefined) return ttl
  const why = `ENGINEHOUSE_DEFAULT_TTL must be a duration such as 90s or 5m, or never, not ${quote(text)}.`
  throw new EnginehouseError('usage', { why })
}
