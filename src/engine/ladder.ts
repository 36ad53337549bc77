import type { Clock, EngineSignal, Millis, ProcessIdentity, Processes, ProcessRef, StopPlan } from '../core/index.ts'
import { sleep } from './wait.ts'

/** Once the leader has gone, what it left behind gets this long before KILL. */
const ORPHAN_GRACE: Millis = 1000
/** KILL is repeated, for processes that were forked meanwhile, up to this long. */
const KILL_LIMIT: Millis = 10_000
const FIRST_LOOK: Millis = 10
const LAST_LOOK: Millis = 250

/** How an engine without a plan of its own is stopped: one of an earlier daemon, found at start. */
export const DEFAULT_STOP: StopPlan = Object.freeze({ signal: 'SIGTERM', repeatAfter: 2000, grace: 10_000 })

export interface LadderResult {
  /** Processes that were signalled at all. */
  readonly signalled: number
  readonly killed: boolean
  /** Proven ours and still alive after KILL: stuck in the kernel. */
  readonly survivors: readonly ProcessRef[]
  /** Looked related, could not be proved, were left alone. */
  readonly unproven: number
}

/**
 * The rungs below the drain: the plan's signal (TERM, most often) and CONT to the leader, grace, KILL to everything that is proven to be of the launch
 * (session, descent, nonce), again until nothing is left. KILL is never first: it has wedged GPUs.
 * `exited` only makes it look sooner; what is left is always asked of the system.
 */
export async function takeDown(
  deps: { readonly clock: Clock; readonly processes: Processes },
  identity: ProcessIdentity,
  stop: StopPlan,
  exited: Promise<unknown>,
): Promise<LadderResult> {
  const { clock, processes } = deps
  const startedAt = clock.now()
  const signalled = new Set<number>()
  const lastSignal = new Map<string, { signal: EngineSignal; at: number }>()
  let askedAt: number | null = null
  let orphanedAt: number | null = null
  let killedAt: number | null = null
  let look = FIRST_LOOK
  let wakers: readonly Promise<unknown>[] = [exited]

  for (;;) {
    const found = await processes.members(identity).catch(() => null)
    const now = clock.now()
    if (found === null) {
      // The system would not tell (too many open files, say). Not knowing is not being gone: ask again, then give up.
      if (now - startedAt >= stop.grace + 2 * KILL_LIMIT) return blind()
      await sleep(clock, LAST_LOOK)
      continue
    }
    const { proven, unproven } = found
    const over = killedAt !== null && now - killedAt >= KILL_LIMIT
    if (proven.length === 0 || over) {
      return { signalled: signalled.size, killed: killedAt !== null, survivors: proven, unproven }
    }
    const leader = proven.find((member) => member.pid === identity.leader?.pid)
    if (leader === undefined && orphanedAt === null) orphanedAt = now
    // From the first signal, not from the first look: that may have taken its time.
    askedAt ??= now
    const graceOver = now - askedAt >= stop.grace || (orphanedAt !== null && now - orphanedAt >= ORPHAN_GRACE)
    if (graceOver && killedAt === null) killedAt = now
    for (const member of leader === undefined || graceOver ? proven : [leader]) send(member, graceOver, now)
    await sleep(clock, look, ...wakers)
    look = Math.min(look * 2, LAST_LOOK)
    // Once it has settled it would make every later sleep return at once.
    wakers = []
  }

  function blind(): LadderResult {
    const survivors = identity.leader === null ? [] : [identity.leader]
    return { signalled: signalled.size, killed: killedAt !== null, survivors, unproven: 0 }
  }

  function send(member: ProcessRef, kill: boolean, now: number): void {
    const key = `${member.pid}/${member.startTime}`
    const last = lastSignal.get(key)
    const signal = kill ? 'SIGKILL' : stop.signal
    const repeat = kill || (last !== undefined && stop.repeatAfter !== null && now - last.at >= stop.repeatAfter)
    if (last !== undefined && last.signal === signal && !repeat) return
    lastSignal.set(key, { signal, at: now })
    if (processes.signal(member, signal)) signalled.add(member.pid)
    // A stopped process keeps the signal pending until it is continued.
    if (!kill) processes.signal(member, 'SIGCONT')
  }
}
