export { allowedEnvironment } from './environment.ts'
export type { EnvironmentUse } from './environment.ts'
export { createProcesses } from './processes.ts'
export type { ProcessesOptions } from './processes.ts'
