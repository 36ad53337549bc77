import type { ListenAddress } from '../core/index.ts'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'] as const
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])
const HAS_PORT = /^(\[[^\]]*\]|[^:]*):\d+$/

export interface HostRules {
  /** `server.hosts` of the manifest: names, with a port or without one; `auto` for what everybody would expect. */
  readonly hosts: readonly string[]
  /** This host's own names. */
  readonly own: readonly string[]
}

/**
 * The Host headers that a listener answers to, in lower case: each name alone and with the listener's port, and one that
 * has a port of its own (a proxy's) as it is.
 */
export function allowedHosts(address: ListenAddress, { hosts, own }: HostRules): ReadonlySet<string> {
  const allowed = new Set<string>()
  for (const host of hosts) {
    for (const name of host === 'auto' ? [...LOOPBACK, ...own, ...addressOf(address)] : [host]) {
      const plain = bracketed(name.toLowerCase())
      allowed.add(plain)
      if (address.kind === 'tcp' && !HAS_PORT.test(plain)) allowed.add(`${plain}:${address.port}`)
    }
  }
  return allowed
}

/** The names in force: made anew when the manifest or the bound address is another. */
export interface Hosts {
  listenOn(address: ListenAddress): void
  allowed(): ReadonlySet<string>
}

export function createHosts(own: readonly string[], listed: () => readonly string[]): Hosts {
  let address: ListenAddress = { kind: 'unix', path: '' }
  let hosts: readonly string[] | null = null
  let made: ReadonlySet<string> = new Set()
  return {
    listenOn(bound) {
      address = bound
      hosts = null
    },
    allowed() {
      const now = listed()
      if (now !== hosts) made = allowedHosts(address, { hosts: now, own })
      hosts = now
      return made
    },
  }
}

function addressOf(address: ListenAddress): readonly string[] {
  return address.kind === 'tcp' && !WILDCARDS.has(address.host) ? [address.host] : []
}

/** An IPv6 address as it stands in a Host header. */
function bracketed(name: string): string {
  return /:.*:/.test(name) && !name.startsWith('[') ? `[${name}]` : name
}
