/** Stands for the listen address, this host's name and localhost. */
const AUTO = 'auto'
/** Stands for every page that this host serves. */
const LOCAL = 'local'

/** Letters, digits, `-`, `_` and dots, or a v6 address in brackets; then a port or none. */
const HOST = /^(?:[a-z0-9_](?:[a-z0-9._-]{0,251}[a-z0-9_])?|\[[0-9a-f:.]{2,45}\])(?::\d{1,5})?$/

/**
 * A Host header that is accepted, in lower case: a name or an address, with a port where clients use another one than
 * the daemon's. Undefined for anything else, also for patterns: what is accepted is listed.
 */
export function parseHost(written: string): string | undefined {
  const host = written.toLowerCase()
  return HOST.test(host) && URL.canParse(`http://${host}`) ? host : undefined
}

/**
 * An origin as browsers send it, in lower case and without the port that its scheme has anyway. Undefined for anything
 * else, also for `*` and `null`, which would be every page there is.
 */
export function parseOrigin(written: string): string | undefined {
  if (written === LOCAL) return LOCAL
  const [, scheme = '', named = ''] = /^([a-z][a-z0-9+.-]*):\/\/([^/]+)$/i.exec(written) ?? []
  const host = parseHost(named)
  if (host === undefined || host === AUTO) return undefined
  return /^https?$/i.test(scheme) ? new URL(`${scheme}://${host}`).origin : `${scheme.toLowerCase()}://${host}`
}
