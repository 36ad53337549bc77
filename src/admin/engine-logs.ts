import { open } from 'node:fs/promises'

import {
  MIB,
  type Bytes,
  type Instant,
  type InstanceId,
  type JournalRecord,
  type ModelName,
  type View,
} from '../core/index.ts'
import { instanceLog, keptLogs, type InstanceLog, type StateDirectory } from '../journal/index.ts'
import { createRing, type Ring } from '../lib/ring.ts'
import { safeName } from '../lib/safe-name.ts'
import { systemCode } from '../lib/system-reason.ts'
import type { EngineLine, EngineLogs, LogQuery } from './ports.ts'

/** No more than this of a log's end is read to find its last lines. */
const TAIL_READ: Bytes = 4 * MIB
/** A model's last lines in memory: with their times, which the files do not have. */
const RECENT = Object.freeze({ items: 2_000, weight: MIB / 2, weigh: ({ line }: EngineLine) => line.length })

/** The engines' output as the operators' front reads it, and the inlets that the supervisor speaks into. */
export interface EngineOutput extends EngineLogs {
  /** Hears from the journal which instance speaks for a model from now on. */
  observe(record: Pick<JournalRecord, 'kind' | 'model' | 'instance'>): void
  say(model: ModelName, line: string): void
}

interface Said {
  readonly ring: Ring<EngineLine>
  readonly followers: Set<(line: EngineLine) => void>
  /** Instances whose first line is known to us. */
  readonly begun: Set<InstanceId>
  instance: InstanceId
  count: number
}

export interface EngineLogsOptions {
  readonly state: StateDirectory
  readonly view: () => View
  readonly now: () => Instant
}

export function createEngineLogs({ state, view, now }: EngineLogsOptions): EngineOutput {
  const models = new Map<ModelName, Said>()

  function of(model: ModelName): Said {
    const known = models.get(model)
    if (known) return known
    const said: Said = { ring: createRing(RECENT), followers: new Set(), begun: new Set(), instance: '', count: 0 }
    models.set(model, said)
    return said
  }

  /** The logs of the model's instances, the latest first. */
  async function filesOf(model: ModelName): Promise<readonly InstanceLog[]> {
    const living = view().model(model)?.instance
    const kept = await keptLogs(state, model)
    return living ? [instanceLog(state, living.id), ...kept] : kept
  }

  return {
    observe({ kind, model, instance }) {
      if (kind !== 'started' || model === undefined || instance === undefined) return
      const said = of(model)
      said.instance = instance
      said.begun.add(instance)
    },
    say(model, text) {
      const said = of(model)
      const line = { instance: said.instance, at: now(), line: text }
      said.ring.push(line)
      said.count += 1
      for (const follower of said.followers) follower(line)
    },
    async tail(model, { lines, since }) {
      // Before anything is waited for: what comes from now on, a follower gets.
      const said = models.get(model)
      const recent = said?.ring.items() ?? []
      if (since !== undefined) return recent.filter(({ at }) => at !== null && at >= since).slice(-lines)
      if (recent.length >= lines) return recent.slice(-lines)
      const instances = new Set(recent.map(({ instance }) => instance))
      const isWhole = recent.length === (said?.count ?? 0) && [...instances].every((each) => said?.begun.has(each))
      const told = new Set(isWhole ? [...instances].map(safeName) : [])
      const older: EngineLine[][] = []
      let left = isWhole ? lines - recent.length : lines
      for (const log of await filesOf(model)) {
        if (left <= 0) break
        if (told.has(log.name)) continue
        const last = await lastLines(log, left)
        older.unshift(last)
        left -= last.length
      }
      return [...older.flat(), ...(isWhole ? recent : [])]
    },
    follow(model, onLine) {
      const { followers } = of(model)
      followers.add(onLine)
      return () => void followers.delete(onLine)
    },
  }
}

/** Of both files of an instance. */
async function lastLines({ name, files }: InstanceLog, count: LogQuery['lines']): Promise<EngineLine[]> {
  const lines: string[] = []
  for (const file of files) {
    if (lines.length < count) lines.unshift(...(await endOf(file, count - lines.length)))
  }
  return lines.map((line) => ({ instance: name, at: null, line }))
}

/** Empty when the file is not there (yet). */
async function endOf(path: string, count: number): Promise<readonly string[]> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    const from = Math.max(0, size - TAIL_READ)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, TAIL_READ)), 0, size - from, from)
    const lines = buffer.toString('utf8', 0, bytesRead).split(/[\r\n]+/)
    if (lines.at(-1) === '') lines.pop()
    return lines.slice(-count)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}
