import { readFile } from 'node:fs/promises'
import type { LaunchKey, Millis } from '../core/index.ts'
import { replaceDurable } from '../lib/replace-durable.ts'
import { systemCode, systemReason } from '../lib/system-reason.ts'

/** Launches that are remembered; those that were learned first go. Far more than a host's manifests name. */
export const LEARNED_MAX = 1000

const VERSION = 1

/**
 * What loads took, as earlier daemons saw them. A file that is not there is nothing learned; one that cannot be read is
 * reported and counts as nothing: the figures only order evictions, and are learned again.
 */
export async function readLearned(
  path: string,
  onDamaged: (why: string) => void,
): Promise<ReadonlyMap<LaunchKey, Millis>> {
  try {
    return parseLearned(await readFile(path, 'utf8'))
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') onDamaged(error instanceof SyntaxError ? error.message : systemReason(error))
    return new Map()
  }
}

export interface LearnedWriter {
  write(loads: ReadonlyMap<LaunchKey, Millis>): void
  /** What was given so far is on disk, or its failure was reported. */
  settled(): Promise<void>
}

/** Writes them as they are when a write begins; one write at a time, and only the latest of what came meanwhile. */
export function createLearnedWriter(path: string, onFailed: (error: unknown) => void): LearnedWriter {
  let next: ReadonlyMap<LaunchKey, Millis> | null = null
  let writing: Promise<void> | null = null

  return {
    write(loads) {
      next = loads
      writing ??= writeAll()
    },
    settled: () => writing ?? Promise.resolve(),
  }

  async function writeAll(): Promise<void> {
    while (next !== null) {
      const loads = [...next].slice(-LEARNED_MAX)
      next = null
      await replaceDurable(path, `${JSON.stringify({ version: VERSION, loads: Object.fromEntries(loads) })}\n`).catch(
        onFailed,
      )
    }
    writing = null
  }
}

function parseLearned(text: string): ReadonlyMap<LaunchKey, Millis> {
  const read: unknown = JSON.parse(text)
  const loads = typeof read === 'object' && read !== null && 'loads' in read ? read.loads : null
  if (typeof loads !== 'object' || loads === null) throw new SyntaxError('it has no `loads`')
  const known = Object.entries(loads).filter((entry): entry is [LaunchKey, Millis] => isMillis(entry[1]))
  return new Map(known)
}

function isMillis(value: unknown): value is Millis {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
}
