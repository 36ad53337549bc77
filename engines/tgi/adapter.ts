import { basename, join } from 'node:path'
import { EnginehouseError, GIB } from '../../src/core/index.ts'
import type { Bytes, Capability, ModelSpec, StopPlan, WeightsFacts } from '../../src/core/index.ts'
import type { EngineAdapter, EnginePlan, Liveness, PlanRequest, Readiness } from '../../src/engine/contract.ts'
import { flagsOf } from '../../src/engine/flags.ts'
import { contextOf, fractionOf } from '../../src/engine/shares.ts'
import { startDeadline } from '../../src/engine/start-deadline.ts'
import { containerArgv, pathInside, stopCommand } from './container.ts'
import { classifyExit } from './exits.ts'
import { BY_HAND, locate } from './locate.ts'
import { parseLine } from './output.ts'
import { RESERVED_FLAGS } from './reserved.ts'

/** A shard's socket is this path, a dash and its rank; the kernel takes 107 bytes. */
const SHARD_PATH_LIMIT = 100
/** Its own limit is 2 MB. The daemon has bounded the body already, at no more than this. */
const PAYLOAD_LIMIT: Bytes = 2 * GIB
/** Its answers allow pages of every origin by themselves; no page has this one. */
const NO_ORIGIN = 'https://enginehouse.invalid'

/** Seconds that it gives its server, and then its shards, to end. */
const DRAIN_SECONDS = 10
/** For a container, seconds until docker kills what is left. */
const CONTAINER_SECONDS = 2 * DRAIN_SECONDS + 2

/**
 * It knows no key that would not stand in its arguments, so who listens is the only proof; of a container, also the path
 * of its weights, which no other launch has. A busy device delays it.
 */
const READINESS: Readiness = { path: '/health', status: 200, timeout: 5000, guarded: null }

/** After a request that failed it generates a token to answer, which takes its turn behind all others. */
const LIVENESS: Liveness = {
  path: '/health',
  status: 200,
  every: 15_000,
  timeout: 15_000,
  failures: 3,
  besideWork: true,
}

const STOP: StopPlan = { signal: 'SIGTERM', repeatAfter: null, grace: (2 * DRAIN_SECONDS + 5) * 1000 }

export const tgi: EngineAdapter = Object.freeze({
  name: 'tgi',
  program: 'found_or_image',
  reads: 'directory',
  // Many requests share one cache, which needs room for several of full context.
  defaults: { parallel: 8, concurrency: 128 },
  reservedFlags: RESERVED_FLAGS,
  listens: () => 'port',
  // Where its shards meet, and where its metrics are opened for a moment.
  extraPorts: 2,
  capabilities: (): ReadonlySet<Capability> => new Set(['chat', 'completions', 'tokenize']),
  locate,
  byHand: BY_HAND,
  // What reads headers is loaded by whoever asks: commands that only know the engines start without it.
  estimate: async (model: ModelSpec, weights: WeightsFacts) => (await import('./estimate.ts')).estimate(model, weights),
  plan,
  parseLine,
  classifyExit,
})

function plan(request: PlanRequest): EnginePlan {
  const { model, binary, image, weights } = request
  if (binary === null) throw new EnginehouseError('engine_not_installed', { engine: 'tgi', looked: ['PATH'] })
  if (weights === null) {
    const why = 'TGI serves a directory of weights'
    throw new EnginehouseError('manifest_missing_key', { key: 'source', at: `models.${model.name}`, why })
  }
  const path = image === null ? weights.path : pathInside(request, weights.path)
  const argv = argumentsOf(request, weights, path)
  const env = environment(request)
  const variables = [...Object.keys(env), ...Object.keys(model.env)]
  return {
    argv: image === null ? [binary, ...argv] : containerArgv({ request, image, docker: binary, variables, argv }),
    env,
    cwd: request.manifestDirectory,
    unlink: [],
    // It answers to any name and says the path of its weights; the gateway's names are the manifest's.
    servedName: model.name,
    readiness: image === null ? READINESS : { ...READINESS, says: { path: '/info', text: JSON.stringify(path) } },
    start: startDeadline(model, weights),
    liveness: LIVENESS,
    stop: image === null ? STOP : { ...STOP, command: stopCommand(binary, CONTAINER_SECONDS, request) },
    reuse: 'always',
    plainAnswers: 'passed',
  }
}

function argumentsOf(request: PlanRequest, weights: WeightsFacts, path: string): string[] {
  const { model, address, ports, gpuShares } = request
  if (address.kind !== 'tcp') throw new RangeError('TGI listens on a port')
  const [masterPort, prometheusPort] = ports
  if (masterPort === undefined || prometheusPort === undefined) throw new RangeError('TGI needs two ports more')
  const context = contextOf(model, weights)
  return [
    ['--model-id', path],
    ['--hostname', address.host, '--port', String(address.port)],
    ['--shard-uds-path', shardPath(request)],
    ['--master-port', String(masterPort), '--prometheus-port', String(prometheusPort)],
    ['--num-shard', String(Math.max(gpuShares.length, 1))],
    gpuShares.length > 0 ? ['--cuda-memory-fraction', fractionOf(gpuShares)] : [],
    ['--max-total-tokens', String(context), '--max-input-tokens', String(Math.max(context - 1, 1))],
    // On the host nothing else bounds its cache.
    gpuShares.length > 0 ? [] : ['--max-batch-total-tokens', String(context * model.parallel)],
    ['--max-concurrent-requests', String(model.concurrency)],
    ['--payload-limit', String(PAYLOAD_LIMIT)],
    ['--cors-allow-origin', NO_ORIGIN],
    ['--graceful-termination-timeout', String(DRAIN_SECONDS)],
    ['--usage-stats', 'off'],
    flagsOf(model, RESERVED_FLAGS),
  ].flat()
}

/** Two launchers with one path delete each other's sockets. A container has a file system of its own. */
function shardPath({ directory, image }: PlanRequest): string {
  const own = join(directory, 'shard')
  if (image === null && Buffer.byteLength(own) <= SHARD_PATH_LIMIT) return own
  return `/tmp/enginehouse-${basename(directory)}`
}

function environment({ image, cacheDirectory }: PlanRequest): Record<string, string> {
  const offline = { HF_HUB_OFFLINE: '1', TRANSFORMERS_OFFLINE: '1', NO_COLOR: '1' }
  return image === null ? { ...offline, TRITON_CACHE_DIR: join(cacheDirectory, 'triton') } : offline
}
