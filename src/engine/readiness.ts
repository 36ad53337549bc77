import type {
  Activity,
  Address,
  Bytes,
  Clock,
  EngineProcess,
  FailureClass,
  Millis,
  ProbeReply,
  Processes,
} from '../core/index.ts'
import { describeAddress, formatDuration } from '../core/index.ts'
import type { EnginePlan } from './contract.ts'
import { sleep, type Pulse } from './wait.ts'

/** Between two probes: fast at first, so that we add little to a quick engine's own start. */
const FIRST_INTERVAL: Millis = 10
const LAST_INTERVAL: Millis = 250
const INTERVAL_GROWTH = 1.25
/** What a probe may take at least, however soon the start is given up: many engines answer late while they load. */
const SHORTEST_PROBE: Millis = 1000
/** How often a start is looked at for how far it is, and for signs of life beside its words. */
const ACTIVITY_INTERVAL: Millis = 500
/**
 * From one look to the next, what counts as a sign of life. An engine that answers our probes reads them and keeps a
 * little of each, some tens of KiB; one that loads from the slowest disk moves 10 MiB.
 */
const LEAST_GROWTH: Bytes = 256 * 1024

export type StartOutcome =
  | { readonly kind: 'ready' }
  | { readonly kind: 'gave_up'; readonly class: FailureClass; readonly message: string }
  /** Somebody else settled the start: the process exited or was told to stop. */
  | { readonly kind: 'aborted' }

export interface ReadinessOrder {
  readonly clock: Clock
  readonly processes: Processes
  readonly process: EngineProcess
  readonly address: Address
  readonly key: string
  readonly plan: EnginePlan
  /** Beats at every line of output. */
  readonly output: Pulse
  /** Settles when the start is over for another reason. */
  readonly over: Promise<unknown>
  /** What it has read so far. */
  onActivity(activity: Activity): void
  /** What it came to, against what it was asked for; null where it does not tell. */
  readonly comparison: { readonly path: string; shortfall(answer: string): string | null } | null
}

/**
 * Ready is health **and** identity: the port answers, the listening socket belongs to a process of this launch, and
 * the engine refuses a key that is not the one we gave it. Gives up when nothing moves (no line of output, no other
 * answer, no bytes) for `start.stall`, or when `start.cap` is over. A probe that hangs holds that up by SHORTEST_PROBE.
 */
export async function waitUntilReady(order: ReadinessOrder): Promise<StartOutcome> {
  const { clock, processes, plan, process, output } = order
  const startedAt = clock.now()
  let movedAt = startedAt
  let lookedAt = startedAt
  let interval = FIRST_INTERVAL
  let lastReply = ''
  let lastActivity: number | null = null
  let over = false
  // A probe that hangs holds nobody up who waits for the end of this launch.
  const ended = order.over.then((): null => {
    over = true
    return null
  })
  process.onLine(() => (movedAt = clock.now()))

  for (;;) {
    // Taken before the probe: what the engine says meanwhile must not be slept over.
    let spoke = false
    const line = output.next().then(() => (spoke = true))
    const left = Math.min(movedAt + plan.start.stall, startedAt + plan.start.cap) - clock.now()
    const timeout = Math.min(plan.readiness.timeout, Math.max(left, SHORTEST_PROBE))
    const reply = await Promise.race([probeHealth(order, timeout), ended])
    const answeredAt = clock.now()
    if (over || reply === null) return { kind: 'aborted' }
    if (reply.kind === 'answer' && reply.status === plan.readiness.status) {
      const identity = await Promise.race([proveIdentity(order, timeout), ended])
      if (over || identity === null) return { kind: 'aborted' }
      if (identity === 'proved') {
        const less = await Promise.race([shortfallOf(order, timeout), ended])
        if (over) return { kind: 'aborted' }
        return less === null ? { kind: 'ready' } : { kind: 'gave_up', class: 'less_than_asked', message: `it ${less}` }
      }
      if (identity !== 'not_yet') return { kind: 'gave_up', class: 'wrong_identity', message: identity.why }
    }
    const now = clock.now()
    const described = describe(reply, order.address)
    // Silence is no other answer.
    if (reply.kind !== 'timeout' && described !== lastReply) {
      movedAt = Math.max(movedAt, answeredAt)
      lastReply = described
    }
    if (now - lookedAt >= ACTIVITY_INTERVAL) {
      const activity = await processes.activity(process.identity)
      if (over) return { kind: 'aborted' }
      if (activity !== null) order.onActivity(activity)
      const bytes = activity === null ? null : activity.resident + activity.read
      if (bytes !== null && lastActivity !== null && bytes - lastActivity >= LEAST_GROWTH) movedAt = now
      lastActivity = bytes
      lookedAt = now
    }
    if (now - movedAt >= plan.start.stall)
      return stalled(`nothing moved for ${formatDuration(now - movedAt)}`, described)
    if (now - startedAt >= plan.start.cap)
      return stalled(`not ready after ${formatDuration(now - startedAt)}`, described)
    await sleep(clock, interval, line, order.over)
    if (over) return { kind: 'aborted' }
    // Some say that they are ready a moment before they listen: after a line, look often again.
    interval = spoke ? FIRST_INTERVAL : Math.min(interval * INTERVAL_GROWTH, LAST_INTERVAL)
  }
}

/** One that does not tell is taken as it is. */
async function shortfallOf(
  { processes, address, key, comparison }: ReadinessOrder,
  timeout: Millis,
): Promise<string | null> {
  if (comparison === null) return null
  const reply = await processes.probe(address, comparison.path, { key, timeout })
  return reply.kind === 'answer' && reply.status === 200 ? comparison.shortfall(reply.body) : null
}

function stalled(what: string, last: string): StartOutcome {
  return { kind: 'gave_up', class: 'stalled', message: `${what}; the last probe said: ${last}` }
}

/** The key is shown only to a process that is proven ours: somebody else may listen where the engine was told to. */
async function probeHealth(
  { processes, address, plan, key, process }: ReadinessOrder,
  timeout: Millis,
): Promise<ProbeReply> {
  const { path } = plan.readiness
  const reply = await processes.probe(address, path, { key: null, timeout })
  if (reply.kind !== 'answer' || !isRefusal(reply)) return reply
  const owner = await processes.ownerOf(address, process.identity)
  return owner === 'ours' ? processes.probe(address, path, { key, timeout }) : reply
}

/** A foreign process that took our port may answer health checks: the socket's owner and the key tell. */
async function proveIdentity(
  { processes, address, plan, key, process }: ReadinessOrder,
  timeout: Millis,
): Promise<'proved' | 'not_yet' | { why: string }> {
  const { guarded, says } = plan.readiness
  const [owner, wrong] = await Promise.all([
    processes.ownerOf(address, process.identity),
    guarded === null ? null : processes.probe(address, guarded, { key: `${key}x`, timeout }),
  ])
  if (owner !== 'ours' && owner !== 'nobody' && says !== undefined) {
    const said = await processes.probe(address, says.path, { key: null, timeout })
    if (said.kind !== 'answer') return 'not_yet'
    return said.body.includes(says.text) ? 'proved' : { why: `what listens at its address does not know ${says.text}` }
  }
  if (owner === 'foreign') return { why: 'another process listens at the address that this engine was given' }
  if (owner === 'nobody') return 'not_yet'
  if (guarded === null || wrong === null)
    return owner === 'ours' ? 'proved' : { why: 'whose process listens at its address cannot be told on this platform' }
  if (wrong.kind !== 'answer') return 'not_yet'
  if (!isRefusal(wrong)) return { why: `it answered ${wrong.status} on ${guarded} to a key that is not its own` }
  const right = await processes.probe(address, guarded, { key, timeout })
  if (right.kind !== 'answer') return 'not_yet'
  return isRefusal(right) ? { why: `it refused its own key on ${guarded}` } : 'proved'
}

function isRefusal(reply: { readonly status: number }): boolean {
  return reply.status === 401 || reply.status === 403
}

/** Clients read it too: no path of this host. */
function describe(reply: ProbeReply, address: Address): string {
  switch (reply.kind) {
    case 'answer':
      return `status ${reply.status}`
    case 'broken':
      return reply.why
    case 'refused':
      return `nothing listens at ${address.kind === 'unix' ? 'its socket' : describeAddress(address)}`
    case 'timeout':
      return 'no answer in time'
    default:
      return reply satisfies never
  }
}
