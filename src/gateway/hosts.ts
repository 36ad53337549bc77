import type { ListenAddress } from '../core/index.ts'

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'] as const
const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::'])

/** The Host headers that a listener answers to: each name alone and with the port, in lower case. */
export function allowedHosts(address: ListenAddress, names: readonly string[]): ReadonlySet<string> {
  const all: string[] = [...LOOPBACK, ...names]
  if (address.kind === 'tcp' && !WILDCARDS.has(address.host)) all.push(bracketed(address.host))
  const allowed = new Set<string>()
  for (const name of all) {
    allowed.add(name.toLowerCase())
    if (address.kind === 'tcp') allowed.add(`${name.toLowerCase()}:${address.port}`)
  }
  return allowed
}

function bracketed(host: string): string {
  return host.includes(':') && !host.startsWith('[') ? `[${host}]` : host
}
