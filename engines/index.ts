import type { EngineName } from '../src/core/index.ts'
import type { EngineAdapter } from '../src/engine/contract.ts'
import { commandEngine } from './command/adapter.ts'
import { llamaServer } from './llama-server/adapter.ts'

/** Every engine of this version, by the name that the manifest uses. */
export const ADAPTERS: Readonly<Record<EngineName, EngineAdapter>> = Object.freeze({
  'llama-server': llamaServer,
  command: commandEngine,
})
