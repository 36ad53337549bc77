import { EnginehouseError } from '../core/index.ts'
import type { ProcessIdentity, ProcessRef, Processes } from '../core/index.ts'
import { activityOf } from './activity.ts'
import { NONCE_VARIABLE } from './environment.ts'
import { environHas, readAllStats, readBootId, readStat } from './procfs.ts'
import type { ProcessStat } from './procfs.ts'
import { proveMembers } from './proof.ts'
import { freeSegments, segmentsOf } from './shared-memory.ts'
import { ownerByInode } from './socket-owner.ts'
import type { ProcessTable } from './table.ts'

/** Environments that are read at the same time: one that makes us wait must not hold all of libuv's four threads. */
const ENVIRON_READERS = 2

export function createProcfsTable(): ProcessTable {
  const bootId = readBootId()
  /** By nonce: the members of the latest proof, so that one whose anchor dies next is still known. */
  const seenMembers = new Map<string, ReadonlyMap<number, string>>()

  async function members(identity: ProcessIdentity): ReturnType<Processes['members']> {
    // A pid of another boot names nothing here.
    if (identity.bootId !== bootId) return { proven: [], unproven: 0 }
    const processes = await readAllStats()
    const proof = proveMembers({
      processes,
      leader: identity.leader,
      self: process.pid,
      withNonce: await withNonce(processes, identity),
      seen: seenMembers.get(identity.nonce) ?? new Map(),
      stillThere: (ref) => readStat(ref.pid)?.startTime === ref.startTime,
    })
    if (proof.proven.length === 0) seenMembers.delete(identity.nonce)
    else seenMembers.set(identity.nonce, new Map(proof.proven.map(({ pid, startTime }) => [pid, startTime])))
    return { proven: proof.proven.map(({ pid, startTime }) => ({ pid, startTime })), unproven: proof.unproven }
  }

  return {
    bootId,
    identify(pid) {
      // A child that nobody has waited for keeps its entry, even when it has ended already.
      const stat = readStat(pid)
      if (!stat) throw new EnginehouseError('internal', { what: `the new child ${pid} is not in the process table` })
      return { pid, startTime: stat.startTime }
    },
    reaped() {
      // The start time tells a later process of the same pid apart.
    },
    stillNames: livesAs,
    members,
    async ownerOf(address, identity) {
      const { leader } = identity
      if (leader !== null && identity.bootId === bootId && livesAs(leader)) {
        // Most engines listen by their leader, and then nobody else has to be searched for: 1 ms instead of 10.
        const owner = await ownerByInode(address, [leader])
        if (owner === 'ours' || owner === 'nobody') return owner
      }
      return ownerByInode(address, (await members(identity)).proven)
    },
    activity: async (identity) => activityOf((await members(identity)).proven),
    sharedMemory: async (identity) => segmentsOf((await members(identity)).proven),
    freeSharedMemory: freeSegments,
  }
}

function livesAs(ref: ProcessRef): boolean {
  const stat = readStat(ref.pid)
  return stat?.living === true && stat.startTime === ref.startTime
}

/** The processes with the launch's nonce. Nobody who began before the leader can be of its launch, so they are not read. */
async function withNonce(
  processes: ReadonlyMap<number, ProcessStat>,
  { nonce, leader }: ProcessIdentity,
): Promise<ReadonlySet<number>> {
  const earliest = leader ? Number(leader.startTime) : 0
  const candidates = [...processes.values()].filter((each) => each.living && Number(each.startTime) >= earliest)
  const found = new Set<number>()
  async function readNext(): Promise<void> {
    for (let each = candidates.pop(); each; each = candidates.pop()) {
      const carries = await environHas(each.pid, `${NONCE_VARIABLE}=${nonce}`)
      // The pid may have changed hands since the table was read.
      if (carries && readStat(each.pid)?.startTime === each.startTime) found.add(each.pid)
    }
  }
  await Promise.all(Array.from({ length: ENVIRON_READERS }, readNext))
  return found
}
