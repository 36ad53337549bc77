export { registerAdmin } from './register.ts'
export type { AdminOptions } from './route.ts'
export type { DaemonLog, EngineFacts, EngineLine, EngineLogs, History, LiveRequests, LogQuery } from './ports.ts'
export type {
  ClearedShape,
  DecisionShape,
  DeviceShape,
  EngineShape,
  EventShape,
  ExplanationShape,
  HealthShape,
  LoadedShape,
  ModelShape,
  RequestShape,
  StatsShape,
  StatusShape,
  UnloadAllShape,
  VersionShape,
  WaitingShape,
  WholeModelShape,
} from './shapes.ts'
export { createEngineLogs, type EngineOutput } from './engine-logs.ts'
