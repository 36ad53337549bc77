export { STALENESS_LIMIT, TRIED_AT_ONCE } from './limits.ts'
export { initialState, instanceOf, isKept, type InstanceState, type ModelState, type SchedulerState } from './state.ts'
export { step, type StepResult } from './step.ts'
