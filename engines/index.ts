import type { EngineName } from '../src/core/index.ts'
import type { EngineAdapter } from '../src/engine/contract.ts'
import { commandEngine } from './command/adapter.ts'
import { llamaServer } from './llama-server/adapter.ts'
import { tgi } from './tgi/adapter.ts'
import { vllm } from './vllm/adapter.ts'

/** Every engine of this version, by the name that the manifest uses. */
export const ADAPTERS: Readonly<Record<EngineName, EngineAdapter>> = Object.freeze({
  'llama-server': llamaServer,
  vllm,
  tgi,
  command: commandEngine,
})
