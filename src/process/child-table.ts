import { randomUUID } from 'node:crypto'

import type { ProcessRef } from '../core/index.ts'
import type { ProcessTable } from './table.ts'

/**
 * For a host without procfs: only children of this very daemon are known, each until its exit was waited for. Nothing
 * is proven of their descendants, and nothing of what an earlier daemon left.
 */
export function createChildTable(): ProcessTable {
  const children = new Map<number, ProcessRef>()
  const stillNames = (process: ProcessRef): boolean => children.get(process.pid)?.startTime === process.startTime

  return {
    // One per daemon: launches of an earlier one are as far away as those of an earlier boot.
    bootId: randomUUID(),
    identify(pid) {
      const child = { pid, startTime: randomUUID() }
      children.set(pid, child)
      return child
    },
    reaped(process) {
      if (stillNames(process)) children.delete(process.pid)
    },
    stillNames,
    members: async ({ leader }) => ({ proven: leader && stillNames(leader) ? [leader] : [], unproven: 0 }),
    ownerOf: async () => 'unknown',
    activity: async () => null,
    sharedMemory: async () => [],
    freeSharedMemory: async () => {},
  }
}
