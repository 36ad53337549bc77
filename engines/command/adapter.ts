import type { ModelSpec, StopPlan } from '../../src/core/index.ts'
import { classifyExit } from '../../src/engine/classify.ts'
import type { EngineAdapter, EnginePlan, Liveness, PlanRequest } from '../../src/engine/contract.ts'
import { flagsOf } from '../../src/engine/flags.ts'
import { startDeadline } from '../../src/engine/start-deadline.ts'
import { fillMacros, usesMacro } from './macros.ts'

/** Long enough for a Python server under load to answer. */
const PROBE_TIMEOUT = 5000

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
  program: 'of_manifest',
  reads: 'any',
  // We know nothing of it.
  defaults: { parallel: 1, concurrency: 32 },
  reservedFlags: new Map(),
  listens: (model: ModelSpec) => (model.command.some((argument) => usesMacro(argument, 'socket')) ? 'socket' : 'port'),
  // A route that it lacks beyond that is its own 404.
  capabilities: ({ capabilities }: ModelSpec) => new Set(capabilities),
  locate: async () => null,
  byHand: 'There is nothing to install: its program is what `command` of each model names.',
  plan,
  parseLine: () => null,
  classifyExit,
})

function plan(request: PlanRequest): EnginePlan {
  const { model, address } = request
  return {
    argv: [...fillMacros('command', model.command, request), ...flagsOf(model, commandEngine.reservedFlags)],
    env: {},
    cwd: model.cwd ?? request.manifestDirectory,
    unlink: address.kind === 'unix' ? [address.path] : [],
    servedName: model.servedName ?? model.name,
    // It need not know our key, so the owner of its socket is the only proof of who answers.
    readiness: { ...model.health, timeout: PROBE_TIMEOUT, guarded: null },
    start: startDeadline(request.model, request.weights),
    liveness: { ...model.health, ...LIVENESS },
    stop: stopPlan(request),
    reuse: 'always',
    plainAnswers: 'passed',
  }
}

/** Once: a second signal makes many a server drop its work. */
function stopPlan(request: PlanRequest): StopPlan {
  const { signal, grace, command } = request.model.stop
  const plan = { signal, repeatAfter: null, grace }
  return command === null ? plan : { ...plan, command: fillMacros('stop.command', command, request) }
}
