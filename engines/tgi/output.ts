import { stripVTControlCharacters } from 'node:util'
import type { EngineEvent } from '../../src/engine/contract.ts'

/** In the order in which a start prints them. There is no percentage. */
const PHASES: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/Starting check and download process/, 'checking weights'],
  [/Starting shard/, 'loading weights'],
  [/Shard ready in/, 'shard ready'],
  [/Starting Webserver/, 'opening the server'],
  [/Warming up model/, 'warming up'],
  [/\bConnected$/, 'listening'],
]

const CAPACITY = /Setting max batch total tokens to (\d+)/

export function parseLine(line: string): EngineEvent | null {
  const text = stripVTControlCharacters(line).trim()
  const tokens = CAPACITY.exec(text)?.[1]
  if (tokens !== undefined) return { kind: 'capacity', tokens: Number(tokens) }
  const phase = PHASES.find(([pattern]) => pattern.test(text))
  return phase === undefined ? null : { kind: 'phase', name: phase[1] }
}
