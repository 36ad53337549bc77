export { everFits } from './fit.ts'
export type { Fit } from './fit.ts'
export { createHostMemory } from './host-memory.ts'
export type { HostMemory, HostMemoryOptions } from './host-memory.ts'
