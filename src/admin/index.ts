export { registerAdmin } from './register.ts'
export type { AdminOptions } from './route.ts'
export { showPlan } from './show-plan.ts'
export type {
  Configuration,
  DaemonLog,
  EngineFacts,
  EngineLine,
  EngineLogs,
  Foresight,
  History,
  LiveRequests,
  LogQuery,
} from './ports.ts'
export type {
  ClearedShape,
  ConfigShape,
  DecisionShape,
  DeviceShape,
  EngineShape,
  EventShape,
  ExplanationShape,
  HealthShape,
  LoadedShape,
  ManifestPlanShape,
  ModelShape,
  ReloadShape,
  RequestShape,
  StatsShape,
  StatusShape,
  SuccessShape,
  UnloadAllShape,
  ValidityShape,
  VersionShape,
  WaitingShape,
  WholeModelShape,
} from './shapes.ts'
export { createEngineLogs, type EngineOutput } from './engine-logs.ts'
