import { readdir } from 'node:fs/promises'

import { systemCode } from '../lib/system-reason.ts'
import { DAMAGED } from './launches.ts'

/** Directories in run/: of launches, and those whose record could not be read and that were set aside. */
export interface LaunchesLeft {
  readonly launches: number
  readonly damaged: number
}

/** Counts them; looks into none and changes nothing. */
export async function launchesLeft(run: string): Promise<LaunchesLeft> {
  try {
    const names = await readdir(run)
    const damaged = names.filter((name) => name.endsWith(DAMAGED)).length
    return { launches: names.length - damaged, damaged }
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return { launches: 0, damaged: 0 }
    throw error
  }
}
