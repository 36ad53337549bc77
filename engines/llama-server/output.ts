import type { EngineEvent } from '../../src/engine/contract.ts'

/** Lines of the default verbosity, in the order in which a start prints them. */
const PHASES: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/load_model: loading model /, 'loading weights'],
  [/load_model: initializing, n_slots = /, 'preparing slots'],
  [/llama_server: model loaded/, 'loaded'],
  [/llama_server: listening on /, 'listening'],
]

export function parseLine(line: string): EngineEvent | null {
  const phase = PHASES.find(([pattern]) => pattern.test(line))
  return phase === undefined ? null : { kind: 'phase', name: phase[1] }
}
