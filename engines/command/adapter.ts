import type { Capability, ModelSpec } from '../../src/core/index.ts'
import { classifyExit } from '../../src/engine/classify.ts'
import type { EngineAdapter, EnginePlan, Liveness, PlanRequest, StopPlan } from '../../src/engine/contract.ts'
import { flagsOf } from '../../src/engine/flags.ts'
import { startDeadline } from '../../src/engine/start-deadline.ts'
import { fillMacros, usesMacro } from './macros.ts'

/** What it answers is not known; a route that it lacks is its own 404. */
const CAPABILITIES: ReadonlySet<Capability> = new Set(['chat', 'completions', 'embeddings'])

/** Long enough for a Python server under load to answer. */
const PROBE_TIMEOUT = 5000

const STOP: StopPlan = { signal: 'SIGTERM', repeatAfter: null, grace: 10_000 }

/** Many a server has one thread for everything, and says nothing while it generates. */
const LIVENESS: Omit<Liveness, 'path' | 'status'> = {
  every: 15_000,
  timeout: PROBE_TIMEOUT,
  failures: 3,
  besideWork: false,
}

/** Any program that speaks the OpenAI routes: its argv, health route and served name come from the manifest. */
export const commandEngine: EngineAdapter = Object.freeze({
  name: 'command',
  reservedFlags: new Map(),
  listens: (model: ModelSpec) => (model.command.some((argument) => usesMacro(argument, 'socket')) ? 'socket' : 'port'),
  capabilities: () => CAPABILITIES,
  locate: async () => null,
  plan,
  parseLine: () => null,
  classifyExit,
})

function plan(request: PlanRequest): EnginePlan {
  const { model, address } = request
  return {
    argv: [...fillMacros(request), ...flagsOf(model, commandEngine.reservedFlags)],
    env: {},
    cwd: request.manifestDirectory,
    unlink: address.kind === 'unix' ? [address.path] : [],
    servedName: model.servedName ?? model.name,
    // It need not know our key, so the owner of its socket is the only proof of who answers.
    readiness: { ...model.health, timeout: PROBE_TIMEOUT, guarded: null },
    start: startDeadline(request.model, request.weights),
    liveness: { ...model.health, ...LIVENESS },
    stop: STOP,
    reuse: 'always',
  }
}
