export { runCommandLine } from './run-command-line.ts'
export type { App, AppOptions, EngineEntry, House, Signals, SignalName, World } from './world.ts'
