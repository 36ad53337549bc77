import {
  type Address,
  type Clock,
  type ConnectionReuse,
  type InstanceId,
  type Instant,
  type Lease,
  type Millis,
  type ModelName,
  type RequestId,
  type Usage,
} from '../core/index.ts'

/** A request whose engine broke it off counts as lost to an exit that is seen within this time. */
const BROKEN_WINDOW: Millis = 1000

/** What a ready instance offers to whoever gets a lease on it. */
export interface Offer {
  readonly instance: InstanceId
  readonly model: ModelName
  readonly address: Address
  readonly servedName: string
  readonly key: string
  readonly reuse: ConnectionReuse
  readonly concurrency: number
  readonly loadTime: Millis
}

/** Somebody who waits for a slot. `cold`: also waited for the load. */
export interface SlotWaiter {
  readonly request: RequestId
  readonly since: Instant
  readonly cold: boolean
  grant(lease: Lease): void
}

/** The requests of one instance: who holds it, who waits for a slot, and when it last gave a byte. */
export interface LeaseBook {
  readonly offer: Offer
  readonly usage: Usage
  /** At once when a slot is free and nobody waits, else null. */
  take(since: Instant, cold: boolean): Lease | null
  wait(waiter: SlotWaiter): void
  /** Takes a waiter that left out of the line. */
  forget(waiter: SlotWaiter): void
  /** No lease from now on; whoever waited for a slot, in order. */
  close(): readonly SlotWaiter[]
  /** Settles when nobody holds a lease. */
  whenUnused(): Promise<void>
  /** Tells the gateway to destroy what is still connected. */
  cut(): void
}

/** `onIdle` is called each time the last lease ends and nobody waits. */
export function openLeaseBook(clock: Clock, offer: Offer, onIdle: () => void): LeaseBook {
  const ended = new AbortController()
  let active = 0
  let lastByteAt = clock.now()
  let closed = false
  let line: SlotWaiter[] = []
  let brokenAt: Instant[] = []
  let unused: (() => void)[] = []

  return {
    offer,
    get usage() {
      const since = clock.now() - BROKEN_WINDOW
      return { leases: active, waiting: line.length, broken: brokenAt.filter((at) => at >= since).length, lastByteAt }
    },
    take(since, cold) {
      return closed || line.length > 0 || active >= offer.concurrency ? null : lend(since, cold)
    },
    wait(waiter) {
      if (closed) throw new RangeError(`a request was put in line for ${offer.instance}, which is closed`)
      line.push(waiter)
    },
    forget(waiter) {
      line = line.filter((other) => other !== waiter)
      if (active === 0 && line.length === 0) onIdle()
    },
    close() {
      closed = true
      const left = line
      line = []
      return left
    },
    whenUnused: () => (active === 0 ? Promise.resolve() : new Promise((resolve) => unused.push(resolve))),
    cut() {
      closed = true
      ended.abort()
    },
  }

  function lend(since: Instant, cold: boolean): Lease {
    active += 1
    let held = true
    return {
      instance: offer.instance,
      address: offer.address,
      servedName: offer.servedName,
      key: offer.key,
      reuse: offer.reuse,
      queued: clock.now() - since,
      coldStart: cold ? offer.loadTime : null,
      ended: ended.signal,
      release(outcome) {
        if (!held) return
        held = false
        if (outcome === 'engine_error') noteBroken()
        giveBack()
      },
    }
  }

  function noteBroken(): void {
    const now = clock.now()
    brokenAt = brokenAt.filter((at) => at >= now - BROKEN_WINDOW)
    brokenAt.push(now)
  }

  function giveBack(): void {
    active -= 1
    lastByteAt = clock.now()
    while (!closed && active < offer.concurrency) {
      const next = line.shift()
      if (next === undefined) break
      next.grant(lend(next.since, next.cold))
    }
    if (active > 0) return
    const settled = unused
    unused = []
    for (const settle of settled) settle()
    if (line.length === 0) onIdle()
  }
}
