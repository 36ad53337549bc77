export { createHostMemory } from './host-memory.ts'
export type { HostMemoryOptions } from './host-memory.ts'
