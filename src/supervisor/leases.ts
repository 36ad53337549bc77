import {
  type Address,
  type Clock,
  type ConnectionReuse,
  type InstanceId,
  type Instant,
  type Lease,
  type LeaseOutcome,
  type Millis,
  type ModelName,
  type PlainAnswers,
  type RequestId,
  type Usage,
} from '../core/index.ts'

/** A request whose engine broke it off counts as lost to an exit that is seen within this time. */
const BROKEN_WINDOW: Millis = 1000

/**
 * Answers in a row that got no byte for as long as the manifest allows, or no connection, before the engine counts as dead: one may have
 * been too much for it, and the next one shows.
 */
const STALLED_IN_A_ROW = 2

/** What a ready instance offers to whoever gets a lease on it. */
export interface Offer {
  readonly instance: InstanceId
  readonly model: ModelName
  readonly address: Address
  readonly servedName: string
  readonly key: string
  readonly reuse: ConnectionReuse
  readonly plainAnswers: PlainAnswers
  readonly loadTime: Millis
  readonly readyAt: Instant
}

/** What a lease says of the request that holds it. */
export interface Applicant {
  /** The model that was asked for: another one than the book's when that is its fallback. */
  readonly model: ModelName
  readonly since: Instant
}

/** Somebody who waits for a slot. */
export interface SlotWaiter extends Applicant {
  readonly request: RequestId
  grant(lease: Lease): void
}

/** The requests of one instance: who holds it, who waits for a slot, and when it last gave a byte. */
export interface LeaseBook {
  readonly offer: Offer
  readonly usage: Usage
  /** At once when a slot is free and nobody waits, else null. */
  take(applicant: Applicant): Lease | null
  wait(waiter: SlotWaiter): void
  /** How many leases there may be at once from now on; none is taken back. */
  relimit(concurrency: number): void
  /** Takes a waiter that left out of the line. */
  forget(waiter: SlotWaiter): void
  /** No lease from now on; whoever waited for a slot, in order. */
  close(): readonly SlotWaiter[]
  /** Settles when nobody holds a lease. */
  whenUnused(): Promise<void>
  /** Tells the gateway to destroy what is still connected. */
  cut(): void
}

export interface LeaseEvents {
  /** Each time the last lease ends and nobody waits. */
  idle(): void
  /** So many answers in a row got no byte for as long as the manifest allows. */
  stalled(answers: number): void
}

export function openLeaseBook(clock: Clock, offer: Offer, concurrency: number, events: LeaseEvents): LeaseBook {
  const ended = new AbortController()
  let limit = concurrency
  let active = 0
  let stalled = 0
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
    take(applicant) {
      return closed || line.length > 0 || active >= limit ? null : lend(applicant)
    },
    relimit(next) {
      limit = next
      serveLine()
    },
    wait(waiter) {
      if (closed) throw new RangeError(`a request was put in line for ${offer.instance}, which is closed`)
      line.push(waiter)
    },
    forget(waiter) {
      line = line.filter((other) => other !== waiter)
      if (active === 0 && line.length === 0) events.idle()
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

  function lend({ model, since }: Applicant): Lease {
    active += 1
    let held = true
    return {
      instance: offer.instance,
      model: offer.model,
      fallbackFrom: model === offer.model ? null : model,
      address: offer.address,
      servedName: offer.servedName,
      key: offer.key,
      reuse: offer.reuse,
      plainAnswers: offer.plainAnswers,
      queued: clock.now() - since,
      // Whoever asked before it was ready waited for the load.
      coldStart: since < offer.readyAt ? offer.loadTime : null,
      ended: ended.signal,
      release(outcome) {
        if (!held) return
        held = false
        if (outcome === 'engine_error') noteBroken()
        noteStalled(outcome)
        giveBack()
      },
    }
  }

  /** A client that left, or an engine's own error, says nothing of whether it still answers. */
  function noteStalled(outcome: LeaseOutcome): void {
    if (outcome === 'complete') stalled = 0
    if (outcome !== 'stalled') return
    stalled += 1
    if (stalled === STALLED_IN_A_ROW) events.stalled(stalled)
  }

  function noteBroken(): void {
    const now = clock.now()
    brokenAt = brokenAt.filter((at) => at >= now - BROKEN_WINDOW)
    brokenAt.push(now)
  }

  function giveBack(): void {
    active -= 1
    lastByteAt = clock.now()
    serveLine()
    if (active > 0) return
    const settled = unused
    unused = []
    for (const settle of settled) settle()
    if (line.length === 0) events.idle()
  }

  function serveLine(): void {
    while (!closed && active < limit) {
      const next = line.shift()
      if (next === undefined) return
      next.grant(lend(next))
    }
  }
}
