import { randomInt } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'

import { EnginehouseError } from '../core/index.ts'

/** Ports below are for well-known services, and many of those up to here are configured by hand somewhere. */
const LOWEST_PORT = 10_000
const HIGHEST_PORT = 65_535
/** What Linux uses unless it is told otherwise. */
const USUAL_EPHEMERAL: PortRange = { first: 32_768, last: 60_999 }
/** A port is given again at the earliest when this many others were given after it, or when there are fewer, half. */
const REMEMBERED_PORTS = 2000

export interface PortRange {
  readonly first: number
  /** Itself part of the range. */
  readonly last: number
}

/** `text` is that of /proc/sys/net/ipv4/ip_local_port_range. */
export function parsePortRange(text: string): PortRange | undefined {
  const match = /^(\d+)\s+(\d+)\s*$/.exec(text)
  return match ? { first: Number(match[1]), last: Number(match[2]) } : undefined
}

/**
 * The larger part of [LOWEST_PORT, HIGHEST_PORT] that `ephemeral` leaves. From inside it the kernel may give a port
 * away as the near end of any outgoing connection between our test and the engine's bind. All of it when nothing is left.
 */
export function portsOutside(ephemeral: PortRange): PortRange {
  const below = { first: LOWEST_PORT, last: Math.min(ephemeral.first - 1, HIGHEST_PORT) }
  const above = { first: Math.max(ephemeral.last + 1, LOWEST_PORT), last: HIGHEST_PORT }
  const larger = sizeOf(below) >= sizeOf(above) ? below : above
  return sizeOf(larger) > 0 ? larger : { first: LOWEST_PORT, last: HIGHEST_PORT }
}

/** Gives free ports in turn, from a random start. Rejects with no_free_port when every one of them is taken. */
export function createPortGiver(range: PortRange = portsOutside(readEphemeralRange())): () => Promise<number> {
  const size = sizeOf(range)
  const given: number[] = []
  let next = randomInt(size)

  return async () => {
    for (let tried = 0; tried < size; tried += 1) {
      const port = range.first + next
      next = (next + 1) % size
      if (given.includes(port)) continue
      given.push(port)
      if (given.length > Math.min(REMEMBERED_PORTS, size / 2)) given.shift()
      if (await isFree(port)) return port
    }
    throw new EnginehouseError('no_free_port', range)
  }
}

/** A listener on 127.0.0.1 or on every address makes the bind fail. */
function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen({ host: '127.0.0.1', port, exclusive: true }, () => server.close(() => resolve(true)))
  })
}

function readEphemeralRange(): PortRange {
  try {
    return parsePortRange(readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1')) ?? USUAL_EPHEMERAL
  } catch {
    return USUAL_EPHEMERAL
  }
}

function sizeOf({ first, last }: PortRange): number {
  return last - first + 1
}
