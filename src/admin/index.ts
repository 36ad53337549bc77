export { registerAdmin } from './register.ts'
export type { AdminOptions } from './route.ts'
export type { EngineLogs, History } from './ports.ts'
export type {
  DecisionShape,
  DeviceShape,
  EventShape,
  ExplanationShape,
  ModelShape,
  StatusShape,
  UnloadAllShape,
  WaitingShape,
} from './shapes.ts'
export { createEngineLogs, type EngineOutput } from './engine-logs.ts'
