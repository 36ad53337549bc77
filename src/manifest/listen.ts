import { isAbsolute } from 'node:path'
import type { ListenAddress } from '../core/index.ts'
import { PORT_MAX, SOCKET_PATH_MAX } from './limits.ts'

/**
 * `host:port`, `[v6]:port` or `unix:/path`; port 0 takes a free one. Undefined when the text is none of these: a host
 * is not looked up, and a bare v6 address is refused because its last group reads as a port.
 */
export function parseListen(text: string): ListenAddress | undefined {
  if (text.startsWith('unix:')) {
    const path = text.slice('unix:'.length)
    const fits = isAbsolute(path) && !path.endsWith('/') && Buffer.byteLength(path) <= SOCKET_PATH_MAX
    return fits ? { kind: 'unix', path } : undefined
  }
  const match = /^(?:\[([0-9A-Fa-f:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text)
  const host = match?.[1] ?? match?.[2]
  const port = Number(match?.[3])
  return host !== undefined && port <= PORT_MAX ? { kind: 'tcp', host, port } : undefined
}

/** Does only this host reach the address? A name other than `localhost` could resolve to anything, so it does not count. */
export function isLoopback(address: ListenAddress): boolean {
  if (address.kind === 'unix') return true
  const host = address.host.toLowerCase()
  return host === 'localhost' || host === '::1' || /^127(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/.test(host)
}

export function describeListen(address: ListenAddress): string {
  if (address.kind === 'unix') return `unix:${address.path}`
  return address.host.includes(':') ? `[${address.host}]:${address.port}` : `${address.host}:${address.port}`
}
