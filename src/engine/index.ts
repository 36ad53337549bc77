export type {
  EngineAdapter,
  EngineEvent,
  EnginePlaces,
  EnginePlan,
  ExitClass,
  PlanRequest,
  Readiness,
  StartDeadline,
  StopPlan,
} from './contract.ts'
export {
  startInstance,
  type Instance,
  type InstanceEvents,
  type InstanceLeases,
  type InstanceOrder,
  type InstanceWorld,
} from './instance.ts'
export { DEFAULT_STOP, takeDown, type LadderResult } from './ladder.ts'
export { needOf } from './need.ts'
