import type { Server } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { FLUSH_GRACE } from './limits.ts'

export interface DrainOptions {
  readonly front: Server
  readonly local: Server
  readonly deadlineSignal: AbortSignal
  /** Settles when no exchange is left; at once when there is none. */
  idle(): Promise<void>
  /** Gives every exchange that is left its terminal error. */
  cutAll(): void
}

/**
 * Closes the front to newcomers, waits for what runs, and closes every socket. The admin socket takes connections until
 * the end: that is where people look while they wait.
 */
export async function drainServers({ front, local, deadlineSignal, idle, cutAll }: DrainOptions): Promise<void> {
  const frontClosed = close(front)
  await Promise.race([idle(), aborted(deadlineSignal)])
  cutAll()
  // A client that does not read its last bytes must not hold up the daemon's end.
  await Promise.race([idle(), delay(FLUSH_GRACE, undefined, { ref: false })])
  const localClosed = close(local)
  // Sockets that never sent a request count as busy for Node, so closing the idle ones is not enough.
  front.closeAllConnections()
  local.closeAllConnections()
  await Promise.all([frontClosed, localClosed])
}

function close(server: Server): Promise<void> {
  if (!server.listening) return Promise.resolve()
  return new Promise((resolve) => server.close(() => resolve()))
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve()
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }))
}
