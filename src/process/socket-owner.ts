import { readFile } from 'node:fs/promises'

import type { Address, ProcessRef } from '../core/index.ts'
import { socketInodes } from './procfs.ts'

const TCP_LISTEN = '0A'
/** __SO_ACCEPTCON in the flags of /proc/net/unix. */
const UNIX_ACCEPTS = 0x10000

/**
 * Local addresses that take a connection to 127.0.0.1, as the kernel prints them on a little-endian machine (x64 and
 * arm64 are): 127.0.0.1, 0.0.0.0, [::] and 127.0.0.1 written as IPv6.
 */
const TAKES_LOOPBACK: ReadonlySet<string> = new Set([
  '0100007F',
  '00000000',
  '00000000000000000000000000000000',
  '0000000000000000FFFF00000100007F',
])

/** Inodes of the sockets that listen on `port` for loopback. `text` is that of /proc/net/tcp or tcp6. */
export function tcpListeners(text: string, port: number): readonly string[] {
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0')
  const inodes: string[] = []
  for (const line of text.split('\n')) {
    if (!line.includes(` ${TCP_LISTEN} `)) continue
    const fields = line.trim().split(/\s+/)
    const [address, itsPort] = (fields[1] ?? '').split(':')
    const inode = fields[9]
    if (fields[3] !== TCP_LISTEN || itsPort !== hexPort || inode === undefined) continue
    if (TAKES_LOOPBACK.has(address ?? '')) inodes.push(inode)
  }
  return inodes
}

/** Inodes of the sockets that listen at `path`. `text` is that of /proc/net/unix. */
export function unixListeners(text: string, path: string): readonly string[] {
  const inodes: string[] = []
  for (const line of text.split('\n')) {
    const [, flags, inode, itsPath] = /^\S+: \S+ \S+ (\S+) \S+ \S+ +(\d+) (.*)$/.exec(line) ?? []
    if (itsPath !== path || inode === undefined) continue
    if (Number.parseInt(flags ?? '', 16) & UNIX_ACCEPTS) inodes.push(inode)
  }
  return inodes
}

/**
 * Whose process listens at `address`. Several sockets may share a port (SO_REUSEPORT) or a path that was unlinked and
 * bound anew: `ours` only when each of them is held by a member.
 */
export async function ownerByInode(
  address: Address,
  members: readonly ProcessRef[],
): Promise<'ours' | 'foreign' | 'nobody' | 'unknown'> {
  const listeners = await listenersAt(address)
  if (listeners === null) return 'unknown'
  if (listeners.length === 0) return 'nobody'
  const held = await Promise.all(members.map((member) => socketInodes(member.pid)))
  if (listeners.every((inode) => held.some((inodes) => inodes?.has(inode)))) return 'ours'
  return held.includes(null) ? 'unknown' : 'foreign'
}

/** Null when procfs cannot tell. A host without IPv6 has no tcp6. */
async function listenersAt(address: Address): Promise<readonly string[] | null> {
  try {
    if (address.kind === 'unix') return unixListeners(await readFile('/proc/net/unix', 'utf8'), address.path)
    const [tcp, tcp6] = await Promise.all([
      readFile('/proc/net/tcp', 'latin1'),
      readFile('/proc/net/tcp6', 'latin1').catch(() => ''),
    ])
    return [...tcpListeners(tcp, address.port), ...tcpListeners(tcp6, address.port)]
  } catch {
    return null
  }
}
