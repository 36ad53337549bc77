import { open } from 'node:fs/promises'

import { MIB, type Bytes, type ModelName, type View } from '../core/index.ts'
import { instanceLog, keptLogs, type StateDirectory } from '../journal/index.ts'
import { systemCode } from '../lib/system-reason.ts'
import type { EngineLogs } from './ports.ts'

/** No more than this of a log's end is read to find its last lines. */
const TAIL_READ: Bytes = 4 * MIB

/** The engines' output as the operators' front reads it, and the inlet that the supervisor speaks into. */
export interface EngineOutput extends EngineLogs {
  say(model: ModelName, line: string): void
}

export function createEngineLogs(state: StateDirectory, view: () => View): EngineOutput {
  const followers = new Map<ModelName, Set<(line: string) => void>>()
  return {
    say(model, line) {
      const listening = followers.get(model)
      if (listening) for (const follower of listening) follower(line)
    },
    async tail(model, lines) {
      const instance = view().model(model)?.instance
      const living = instance ? await lastLines(instanceLog(state, instance.id).files[0] ?? '', lines) : []
      if (living.length > 0) return living
      const [latest] = await keptLogs(state, model)
      return latest === undefined ? [] : lastLines(latest.files[0] ?? '', lines)
    },
    follow(model, onLine) {
      const listening = followers.get(model) ?? new Set()
      followers.set(model, listening)
      listening.add(onLine)
      return () => {
        listening.delete(onLine)
        if (listening.size === 0) followers.delete(model)
      }
    },
  }
}

/** Empty when the file is not there (yet). */
async function lastLines(path: string, count: number): Promise<readonly string[]> {
  try {
    await using file = await open(path, 'r')
    const { size } = await file.stat()
    const from = Math.max(0, size - TAIL_READ)
    const { buffer, bytesRead } = await file.read(Buffer.alloc(Math.min(size, TAIL_READ)), 0, size - from, from)
    const lines = buffer.toString('utf8', 0, bytesRead).split('\n')
    if (lines.at(-1) === '') lines.pop()
    return lines.slice(-count)
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return []
    throw error
  }
}
