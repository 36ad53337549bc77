import type { Adapters } from '../src/engine/adapters.ts'
import { commandEngine } from './command/adapter.ts'
import { llamaServer } from './llama-server/adapter.ts'
import { tgi } from './tgi/adapter.ts'
import { vllm } from './vllm/adapter.ts'

/** Every engine of this version, in the order in which people are shown them: the one list of them. */
export const ADAPTERS: Adapters = Object.freeze([llamaServer, vllm, tgi, commandEngine])
