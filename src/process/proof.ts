import type { ProcessRef } from '../core/index.ts'
import type { ProcessStat } from './procfs.ts'

export interface ProofFacts {
  /** Every process by pid, dead ones that nobody has waited for included. */
  readonly processes: ReadonlyMap<number, ProcessStat>
  readonly leader: ProcessRef | null
  /** The daemon: never a member, whatever it looks like. */
  readonly self: number
  /** Processes with the launch's nonce in their environment. */
  readonly withNonce: ReadonlySet<number>
  /** Members of an earlier proof: start times by pid. */
  readonly seen: ReadonlyMap<number, string>
  /** Reads the process anew: true while this very process exists, dead or living. */
  readonly stillThere: (process: ProcessRef) => boolean
}

export interface Proof {
  readonly proven: readonly ProcessStat[]
  readonly unproven: number
}

/**
 * Which living processes are of a launch. Each is one of:
 *
 *   the leader        same pid and start time
 *   seen              proven in an earlier call
 *   by nonce          128 random bits that only our launch was given
 *   by session        its session is led by a proven process, or by our leader that is dead but not waited for; the
 *                     kernel gives no pid away while it names a session
 *   by descent        its parent is proven
 *
 * A session whose leader is gone proves nothing: its number may have been given to another since. Who has that number
 * and no other proof is counted as unproven, unless the pid now names another process: that one opened its own session.
 */
export function proveMembers(facts: ProofFacts): Proof {
  const { processes, leader, seen, withNonce } = facts
  const anchors = new Map<number, ProcessStat>()
  const atLeaderPid = leader ? processes.get(leader.pid) : undefined
  const leaderThere = leader !== null && atLeaderPid?.startTime === leader.startTime
  if (leaderThere && atLeaderPid) anchors.set(atLeaderPid.pid, atLeaderPid)

  const open: ProcessStat[] = []
  for (const process of processes.values()) {
    if (!process.living || process.pid === facts.self || anchors.has(process.pid)) continue
    if (seen.get(process.pid) === process.startTime || withNonce.has(process.pid)) anchors.set(process.pid, process)
    else open.push(process)
  }

  const strangers = spread(anchors, open, facts.stillThere)
  const sessionMayBeOurs = leader !== null && (leaderThere || atLeaderPid === undefined)
  return {
    proven: [...anchors.values()].filter((process) => process.living),
    unproven: sessionMayBeOurs ? strangers.filter((process) => process.session === leader.pid).length : 0,
  }
}

/** Adds whom an anchor proves by session or descent, until nobody is added; returns the rest. */
function spread(
  anchors: Map<number, ProcessStat>,
  open: readonly ProcessStat[],
  stillThere: (process: ProcessRef) => boolean,
): readonly ProcessStat[] {
  let rest = open
  for (;;) {
    const left = rest.filter((process) => {
      const anchor = anchorOf(process, anchors)
      // The table is read process by process: an anchor that went in between may have left its pid to another.
      if (anchor === undefined || !stillThere(anchor)) return true
      anchors.set(process.pid, process)
      return false
    })
    if (left.length === rest.length) return left
    rest = left
  }
}

function anchorOf(process: ProcessStat, anchors: ReadonlyMap<number, ProcessStat>): ProcessStat | undefined {
  const sessionLeader = anchors.get(process.session)
  if (sessionLeader?.session === sessionLeader?.pid && sessionLeader) return sessionLeader
  return anchors.get(process.parent)
}
