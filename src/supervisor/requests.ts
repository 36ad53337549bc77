import {
  EnginehouseError,
  type Admission,
  type AnswerOutcome,
  type Clock,
  type Input,
  type InstanceId,
  type Instant,
  type Lease,
  type ModelName,
  type QueueView,
  type RequestId,
  type RequestInfo,
} from '../core/index.ts'
import type { LeaseBook, SlotWaiter } from './leases.ts'

/** Everybody who waits: for a load, or for a slot of a ready instance. */
export interface Requests extends Admission {
  /** An operator's load: settles when the model is ready, and holds no lease. */
  awaitLoad(model: ModelName, request: RequestId): Promise<void>
  /** The scheduler's answer to a waiting request. */
  settle(request: RequestId, outcome: AnswerOutcome): void
  /** Their instance takes no more requests: they are wanted again, in their order. */
  requeue(waiters: readonly SlotWaiter[]): void
  queue(): readonly QueueView[]
}

export interface RequestsParts {
  readonly clock: Clock
  maxQueue(): number
  post(input: Input): void
  stopping(): boolean
  /** The open book of the model's ready instance. */
  bookOf(model: ModelName): LeaseBook | undefined
  bookOfInstance(instance: InstanceId): LeaseBook | undefined
}

interface Pending {
  readonly model: ModelName
  readonly since: Instant
  /** In line for a slot of this book; null while the scheduler holds the request. */
  inLine: { readonly book: LeaseBook; readonly waiter: SlotWaiter } | null
  /** With the lease of a request, null for a load. */
  readonly done: (lease: Lease | null) => void
  readonly fail: (error: unknown) => void
  readonly wants: 'lease' | 'load'
}

export function createRequests(parts: RequestsParts): Requests {
  const { clock } = parts
  const pending = new Map<RequestId, Pending>()

  return { acquire, awaitLoad, settle, requeue, queue }

  function acquire(model: ModelName, request: RequestInfo, signal: AbortSignal): Lease | Promise<Lease> {
    signal.throwIfAborted()
    if (parts.stopping()) throw new EnginehouseError('shutting_down', {})
    const book = parts.bookOf(model)
    const lease = book?.take({ model, since: clock.now() })
    if (lease) return lease
    const limit = parts.maxQueue()
    if (pending.size >= limit) {
      throw new EnginehouseError('server_overloaded', { waiting: pending.size, limit })
    }
    return new Promise((resolve, reject) => {
      const onAbort = (): void => giveUp(request.id, signal.reason)
      const entry: Pending = {
        model,
        since: clock.now(),
        inLine: null,
        wants: 'lease',
        done(granted) {
          signal.removeEventListener('abort', onAbort)
          if (granted !== null) resolve(granted)
        },
        fail(error) {
          signal.removeEventListener('abort', onAbort)
          reject(error)
        },
      }
      pending.set(request.id, entry)
      signal.addEventListener('abort', onAbort)
      if (book) standInLine(book, request.id, entry)
      else parts.post({ kind: 'wanted', model, request: request.id, onCold: request.onCold })
    })
  }

  function awaitLoad(model: ModelName, request: RequestId): Promise<void> {
    return new Promise((resolve, reject) => {
      pending.set(request, {
        model,
        since: clock.now(),
        inLine: null,
        wants: 'load',
        done: () => resolve(),
        fail: reject,
      })
    })
  }

  function settle(request: RequestId, outcome: AnswerOutcome): void {
    const entry = pending.get(request)
    // It may have given up in the same turn: the scheduler hears of that next.
    if (entry === undefined) return
    if (outcome.kind === 'refused') {
      pending.delete(request)
      entry.fail(new EnginehouseError(outcome.code, outcome.facts as never))
      return
    }
    if (entry.wants === 'load') {
      pending.delete(request)
      entry.done(null)
      return
    }
    const book = parts.bookOfInstance(outcome.instance)
    if (book === undefined) throw new RangeError(`instance ${outcome.instance} was answered with and has no lease book`)
    const lease = book.take({ model: entry.model, since: entry.since })
    if (lease === null) standInLine(book, request, entry)
    else grant(request, entry, lease)
  }

  function standInLine(book: LeaseBook, request: RequestId, entry: Pending): void {
    const { model, since } = entry
    const waiter: SlotWaiter = { request, model, since, grant: (lease) => grant(request, entry, lease) }
    entry.inLine = { book, waiter }
    book.wait(waiter)
  }

  /** The lease is counted already; only now does the promise settle. */
  function grant(request: RequestId, entry: Pending, lease: Lease): void {
    pending.delete(request)
    entry.done(lease)
  }

  function giveUp(request: RequestId, reason: unknown): void {
    const entry = pending.get(request)
    if (entry === undefined) return
    pending.delete(request)
    if (entry.inLine === null) parts.post({ kind: 'gave_up', request })
    else entry.inLine.book.forget(entry.inLine.waiter)
    entry.fail(reason)
  }

  function requeue(waiters: readonly SlotWaiter[]): void {
    for (const { request } of waiters) {
      const entry = pending.get(request)
      if (entry === undefined) continue
      entry.inLine = null
      parts.post({ kind: 'wanted', model: entry.model, request, onCold: 'wait' })
    }
  }

  function queue(): readonly QueueView[] {
    return [...pending].map(([request, { model, since }]) => ({ request, model, since }))
  }
}
