import type { Address, Clock, Processes } from '../core/index.ts'
import type { EnginePlan, Liveness } from './contract.ts'

export interface LivenessOrder {
  readonly clock: Clock
  readonly processes: Processes
  readonly address: Address
  readonly key: string
  readonly plan: EnginePlan
  /** Nobody holds or awaits the instance. */
  isIdle(): boolean
  /** Settles when the watch is over for another reason. */
  readonly over: Promise<unknown>
}

/**
 * Asks a ready engine again and again whether it lives, and settles with what it last said when it failed as often in a
 * row as its plan allows; with null when the watch ended otherwise. An engine that cannot answer beside its work is
 * asked only while it has none: there the time limits of answers tell.
 */
export async function watchLiveness(order: LivenessOrder): Promise<string | null> {
  const { clock, plan } = order
  const { liveness } = plan
  if (liveness === null) return order.over.then(() => null)
  let over = false
  let wake = (): void => {}
  // Once for the whole watch: a handler for each round would stay with the promise as long as the engine lives.
  void order.over.then(() => {
    over = true
    wake()
  })
  let failures = 0
  for (;;) {
    await new Promise<void>((resolve) => {
      const cancel = clock.after(liveness.every, resolve)
      wake = () => {
        cancel()
        resolve()
      }
    })
    if (over) return null
    if (!liveness.besideWork && !order.isIdle()) {
      failures = 0
      continue
    }
    const asked = probe(order, liveness)
    const wrong = await Promise.race([asked, new Promise<null>((resolve) => (wake = () => resolve(null)))])
    if (over) return null
    // What began meanwhile may have kept it from answering.
    const counts = wrong !== null && (liveness.besideWork || order.isIdle())
    failures = counts ? failures + 1 : 0
    if (wrong !== null && failures >= liveness.failures) return wrong
  }
}

/** Null when it lives. */
async function probe({ processes, address, key }: LivenessOrder, liveness: Liveness): Promise<string | null> {
  const { path, status, timeout } = liveness
  const reply = await processes.probe(address, path, { key, timeout })
  switch (reply.kind) {
    case 'answer':
      return reply.status === status ? null : `${path} answered ${reply.status}`
    case 'refused':
      return 'it accepts no connection'
    case 'timeout':
      return `${path} did not answer within ${timeout / 1000} s`
    case 'broken':
      return `${path} broke off: ${reply.why}`
    default:
      return reply satisfies never
  }
}
