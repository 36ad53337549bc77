export { adapterFor, type Adapters } from './adapters.ts'
export type {
  EngineAdapter,
  EngineEvent,
  EnginePlaces,
  EnginePlan,
  EstimatePlaces,
  ExitClass,
  GpuShare,
  PlanRequest,
  ProgramFacts,
  ProgramProbe,
  Liveness,
  Readiness,
  StartDeadline,
} from './contract.ts'
export {
  startInstance,
  type Instance,
  type InstanceEvents,
  type InstanceLeases,
  type InstanceWorld,
} from './instance.ts'
export { endLaunch, type LaunchEnd } from './end-launch.ts'
export { DEFAULT_STOP } from './ladder.ts'
export { unknownIn } from './unknown.ts'
export { probe, readVersion, unknownFlags, type AskProgram } from './probe.ts'
export { flagNames } from './flags.ts'
export type { Installed, InstallOrder, InstallProgress } from './install.ts'
export type { InstanceOrder } from './launch-plan.ts'
export { needFor, needOf } from './need.ts'
