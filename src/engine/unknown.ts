import { EnginehouseError } from '../core/index.ts'
import type { ModelSpec, UnknownFlags } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'
import type { EngineAdapter, PlanRequest } from './contract.ts'
import { flagNames, spellFlag } from './flags.ts'
import { unknownFlags } from './probe.ts'
import { gpuCountOf } from './shares.ts'

/** Of what a launch of this model would say to a program that knows these flags. */
export function unknownIn(adapter: EngineAdapter, known: ReadonlySet<string>, model: ModelSpec): UnknownFlags {
  const { probe } = adapter
  if (probe === undefined) return { args: [], own: [] }
  const written = new Set(flagNames(model))
  const free = [...known].filter((flag) => !adapter.reservedFlags.has(flag))
  const args = model.args.flatMap(([name]) => {
    const flag = spellFlag(name)
    if (unknownFlags(probe, known, [flag]).length === 0) return []
    return [{ name, flag, nearest: nearest(flag, free) }]
  })
  const own = [...new Set(rehearsed(adapter, model))].filter((flag) => !written.has(flag))
  return { args, own: unknownFlags(probe, known, own) }
}

/** Flags of the argv that a launch would have. What stands against a plan at all is told when there is one. */
function rehearsed(adapter: EngineAdapter, model: ModelSpec): readonly string[] {
  try {
    return adapter.plan(rehearsal(adapter, model)).argv.filter((argument) => /^--?[A-Za-z]/.test(argument))
  } catch (error) {
    if (error instanceof EnginehouseError) return []
    throw error
  }
}

/** A launch that never is: which flags there are depends on the model and on what listens where, not on the values. */
function rehearsal(adapter: EngineAdapter, model: ModelSpec): PlanRequest {
  const gpus = Array.from({ length: gpuCountOf(model) }, (_, index) => index)
  return {
    model,
    binary: '/program',
    image: null,
    weights: { path: '/weights', bytes: 0, architecture: null, trainedContext: null },
    directory: '/instance',
    cacheDirectory: '/cache',
    manifestDirectory: '/',
    address:
      adapter.listens(model) === 'socket'
        ? { kind: 'unix', path: '/instance/engine.sock' }
        : { kind: 'tcp', host: '127.0.0.1', port: 1 },
    ports: Array.from({ length: adapter.extraPorts ?? 0 }, (_, index) => index + 2),
    key: '',
    gpuUuids: gpus.map((index) => `GPU-${index}`),
    gpuIndices: gpus,
    gpuShares: gpus.map(() => ({ claim: 1, total: 1 })),
    hostClaim: 0,
  }
}
