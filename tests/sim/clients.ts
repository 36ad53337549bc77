import { setMaxListeners } from 'node:events'
import { EnginehouseError, type Admission, type InstanceId, type Lease } from '../../src/core/index.ts'
import type { ScenarioEvent } from './scenario.ts'
import type { Timeline } from './time.ts'

export type Outcome = 'complete' | 'refused' | 'engine_lost' | 'client_gone' | 'daemon_lost'

/** One client with its request: what it saw is all that R1 goes by. */
export interface Client {
  readonly id: string
  readonly model: string
  readonly askedAt: number
  lease: Lease | null
  /** That answered it, also after the lease. */
  lastInstance: InstanceId | null
  /** A lease on another model that does not say so, or the reverse. */
  undisclosed: boolean
  readonly outcomes: Outcome[]
  refusal: string | null
  /** Its daemon was killed: the connection is gone. */
  lose(): void
}

export function startClient(
  timeline: Timeline,
  admission: Admission,
  id: string,
  event: Extract<ScenarioEvent, { kind: 'request' }>,
  hooks: { onRelease(lease: Lease): void; onEnd(client: Client): void },
): Client {
  const leaving = new AbortController()
  const cancels: (() => void)[] = []
  let lost = false
  const client: Client = {
    id,
    model: event.model,
    askedAt: timeline.now,
    lease: null,
    lastInstance: null,
    undisclosed: false,
    outcomes: [],
    refusal: null,
    lose() {
      lost = true
      if (client.outcomes.length === 0) end('daemon_lost')
    },
  }
  cancels.push(timeline.after(event.patience, () => leaving.abort(new Error('client left'))))
  void ask()
  return client

  async function ask(): Promise<void> {
    try {
      const asked = admission.acquire(event.model, { id, onCold: event.onCold }, leaving.signal)
      const lease = asked instanceof Promise ? await asked : asked
      if (lost) return
      if (leaving.signal.aborted) {
        lease.release('client_gone')
        end('client_gone')
        return
      }
      hold(lease)
    } catch (error) {
      if (lost) return
      if (error instanceof EnginehouseError) client.refusal = error.code
      else if (!leaving.signal.aborted) throw error
      end(error instanceof EnginehouseError ? 'refused' : 'client_gone')
    }
  }

  function hold(lease: Lease): void {
    client.lease = lease
    client.lastInstance = lease.instance
    client.undisclosed = lease.fallbackFrom !== (lease.model === client.model ? null : client.model)
    setMaxListeners(0, lease.ended)
    const over = (outcome: Outcome, settle: Parameters<Lease['release']>[0]) => (): void => {
      if (lost || client.outcomes.length > 0) return
      client.lease = null
      hooks.onRelease(lease)
      lease.release(settle)
      end(outcome)
    }
    if (lease.ended.aborted) return over('engine_lost', 'engine_error')()
    lease.ended.addEventListener('abort', over('engine_lost', 'engine_error'), { once: true })
    leaving.signal.addEventListener('abort', over('client_gone', 'client_gone'), { once: true })
    cancels.push(timeline.after(event.holds, over('complete', 'complete')))
    if (event.leavesAfter !== null) cancels.push(timeline.after(event.leavesAfter, over('client_gone', 'client_gone')))
  }

  function end(outcome: Outcome): void {
    for (const cancel of cancels) cancel()
    client.outcomes.push(outcome)
    hooks.onEnd(client)
  }
}
