export { STALENESS_LIMIT } from './limits.ts'
export { initialState, instanceOf, isKept, type InstanceState, type ModelState, type SchedulerState } from './state.ts'
export { step, type StepResult } from './step.ts'
