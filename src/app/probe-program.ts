import { probe, type ProgramFacts, type ProgramProbe } from '../engine/index.ts'
import { askProgram } from '../process/index.ts'

export { flagNames, unknownFlags } from '../engine/index.ts'
export type { ProgramFacts, ProgramProbe }

export interface ProbeOptions {
  readonly environment: NodeJS.ProcessEnv
  readonly signal: AbortSignal
}

/** What the program says of itself, its flags where the engine has a question for them. */
export function probeProgram(
  questions: ProgramProbe | null,
  program: string,
  options: ProbeOptions,
): Promise<ProgramFacts> {
  return probe(questions, (args) => askProgram({ program, args, ...options }))
}
