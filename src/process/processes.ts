import type { EngineSignal, ProcessRef, Processes } from '../core/index.ts'
import { createPortGiver } from './free-port.ts'
import { probe } from './probe.ts'
import { spawnEngine } from './spawn.ts'
import { systemTable } from './system-table.ts'
import type { ProcessTable } from './table.ts'

export interface ProcessesOptions {
  /** What this host's kernel tells of processes; by default the best that it has. */
  readonly table?: ProcessTable
}

/** The Processes port on the real world. */
export function createProcesses({ table = systemTable() }: ProcessesOptions = {}): Processes {
  return {
    bootId: table.bootId,
    spawn: (order) => spawnEngine(order, table),
    probe,
    ownerOf: (address, identity) => table.ownerOf(address, identity),
    freePort: createPortGiver(),
    members: (identity) => table.members(identity),
    activity: (identity) => table.activity(identity),
    sharedMemory: (identity) => table.sharedMemory(identity),
    freeSharedMemory: (segments) => table.freeSharedMemory(segments),
    signal: (ref, signal) => signalProcess(ref, signal, table),
  }
}

/**
 * Between the look at the start time and the signal there is no turn of the event loop, but the kernel could still hand
 * the pid on in those microseconds: it gives pids in turn, so that this takes a whole round of them.
 */
function signalProcess(ref: ProcessRef, signal: EngineSignal, table: ProcessTable): boolean {
  if (ref.pid === process.pid || !table.stillNames(ref)) return false
  try {
    return process.kill(ref.pid, signal)
  } catch (error) {
    // Gone in between, or it has become another user's and is out of our reach: `members` goes on to list that one.
    if (error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')) return false
    throw error
  }
}
