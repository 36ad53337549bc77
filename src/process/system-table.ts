import { existsSync } from 'node:fs'

import { createChildTable } from './child-table.ts'
import { createProcfsTable } from './procfs-table.ts'
import type { ProcessTable } from './table.ts'

/** The one place that decides by platform. */
export function systemTable(): ProcessTable {
  return existsSync('/proc/self/stat') ? createProcfsTable() : createChildTable()
}
