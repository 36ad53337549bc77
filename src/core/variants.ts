import { createHash } from 'node:crypto'
import type { Manifest, ModelSpec } from './manifest.ts'

/** A launch key: see `launchKey`. */
export type LaunchKey = string

/** Of a SHA-256: enough that no two launches of one host meet. */
const KEY_DIGITS = 32

/** Every way to run a model, the preferred one first: an instance's `variant` is a place in this list. */
export function variantsOf(model: ModelSpec): readonly ModelSpec[] {
  return [model, ...model.variants]
}

/**
 * Names an effective launch: two specs with the same key start the same engine with the same argv, environment and
 * claim, and end it in the same way. A reload keeps the process of a model whose key did not change, and what was learned of a launch is known by
 * it. A digest, as the parts may hold secrets. Everything that is left out (ttl, keep, priority, names, capabilities, limits of requests) takes effect without a restart.
 */
export function launchKey(model: ModelSpec, engines: Manifest['engines']): LaunchKey {
  const { engine, source, gpus, context, parallel, memory, offload, args, env, resources } = model
  const { command, cwd, health, servedName, stop } = model
  const program = engines[engine]?.image ?? engines[engine]?.path ?? null
  const named = Object.entries(resources).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const variables = Object.entries(env).toSorted(([a], [b]) => (a < b ? -1 : 1))
  const parts = JSON.stringify({
    engine,
    program,
    source,
    gpus,
    context,
    parallel,
    memory,
    offload,
    args,
    variables,
    command,
    cwd,
    health,
    servedName,
    stop,
    named,
  })
  return createHash('sha256').update(parts).digest('hex').slice(0, KEY_DIGITS)
}
