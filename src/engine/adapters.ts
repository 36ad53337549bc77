import type { EngineName } from '../core/index.ts'
import type { EngineAdapter } from './contract.ts'

/** The engines of a house, in the order in which people are shown them. */
export type Adapters = readonly EngineAdapter[]

/** Throws RangeError for an engine that the house lacks, which no manifest that was read can name. */
export function adapterFor(adapters: Adapters, engine: EngineName): EngineAdapter {
  const found = adapters.find(({ name }) => name === engine)
  if (found === undefined) throw new RangeError(`no adapter for the engine ${engine}`)
  return found
}
