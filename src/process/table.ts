import type { Address, ProcessIdentity, ProcessRef, Processes } from '../core/index.ts'

/** What the kernel tells of processes: all that differs between a host with procfs and one without. */
export interface ProcessTable {
  /** Differs after each boot of the host, so that a pid of an earlier boot names nothing. */
  readonly bootId: string
  /** Names a child that was spawned in this turn of the event loop, and so cannot have been waited for yet. */
  identify(pid: number): ProcessRef
  /** Its exit has been waited for: from now on its pid may name another process. */
  reaped(process: ProcessRef): void
  /** True while this very process lives. */
  stillNames(process: ProcessRef): boolean
  members(identity: ProcessIdentity): ReturnType<Processes['members']>
  ownerOf(address: Address, identity: ProcessIdentity): ReturnType<Processes['ownerOf']>
  activity(identity: ProcessIdentity): ReturnType<Processes['activity']>
  sharedMemory(identity: ProcessIdentity): ReturnType<Processes['sharedMemory']>
  freeSharedMemory: Processes['freeSharedMemory']
}
