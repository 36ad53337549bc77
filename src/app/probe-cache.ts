import { mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

import type { ProgramFacts } from '../engine/index.ts'
import { packageVersion } from '../lib/package-version.ts'
import { replaceDurable } from '../lib/replace-durable.ts'
import type { ProgramFile } from '../process/index.ts'

/** Programs that are remembered, the last ones; more than a host has, and their flags are 20 kB each. */
const PROGRAMS_MAX = 32

/** The question by which a program was asked, and the file that it was then. */
export interface ProbeKey extends ProgramFile {
  /** Its arguments. */
  readonly help: readonly string[]
}

/** What programs said, in `engines/probes.json` of the state directory. */
export interface ProbeCache {
  read(key: ProbeKey): Promise<ProgramFacts | null>
  /** Only where this user's daemon keeps its state already: a look at a manifest makes no directory of its own. */
  write(key: ProbeKey, facts: ProgramFacts): Promise<void>
}

/** It only saves time: what cannot be read, or written, is asked again. `engines` is a folder of the state directory. */
export function createProbeCache(engines: string): ProbeCache {
  const path = join(engines, 'probes.json')
  // How answers are understood may change with this program.
  const version = packageVersion()

  return {
    async read(key) {
      const found = (await readAll()).find(([each]) => each === nameOf(key))
      return found ? { version: found[1].version, flags: new Set(found[1].flags), problem: null } : null
    },
    async write(key, { version: said, flags }) {
      if (flags === null || !(await isOurs(dirname(engines)))) return
      const others = (await readAll()).filter(([each]) => each !== nameOf(key))
      const programs = [...others, [nameOf(key), { version: said, flags: [...flags] }]].slice(-PROGRAMS_MAX)
      try {
        await mkdir(engines, { recursive: true, mode: 0o700 })
        await replaceDurable(path, `${JSON.stringify({ version, programs })}\n`)
      } catch {
        // A full disk, or a directory that may only be read: the next one asks again.
      }
    },
  }

  async function readAll(): Promise<readonly (readonly [name: string, Kept])[]> {
    try {
      const read: unknown = JSON.parse(await readFile(path, 'utf8'))
      return isFile(read) && read.version === version ? read.programs.filter(isEntry) : []
    } catch {
      return []
    }
  }
}

interface Kept {
  readonly version: string | null
  readonly flags: readonly string[]
}

function nameOf({ path, size, mtimeMs, help }: ProbeKey): string {
  return JSON.stringify([path, size, mtimeMs, help])
}

async function isOurs(directory: string): Promise<boolean> {
  try {
    const owner = process.getuid?.()
    return owner === undefined || (await stat(directory)).uid === owner
  } catch {
    return false
  }
}

function isFile(value: unknown): value is { readonly version: unknown; readonly programs: readonly unknown[] } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'version' in value &&
    'programs' in value &&
    Array.isArray(value.programs)
  )
}

function isEntry(value: unknown): value is readonly [name: string, Kept] {
  if (!Array.isArray(value) || typeof value[0] !== 'string') return false
  const kept: unknown = value[1]
  if (typeof kept !== 'object' || kept === null || !('version' in kept) || !('flags' in kept)) return false
  const saysVersion = kept.version === null || typeof kept.version === 'string'
  return saysVersion && Array.isArray(kept.flags) && kept.flags.every((flag) => typeof flag === 'string')
}
