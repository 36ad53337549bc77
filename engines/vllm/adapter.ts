import { basename, join } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { Address, Capability, Millis, ModelSpec, StopPlan, WeightsFacts } from '../../src/core/index.ts'
import type { EngineAdapter, EnginePlan, Liveness, PlanRequest, Readiness } from '../../src/engine/contract.ts'
import type { InstallOrder } from '../../src/engine/install.ts'
import { flagsOf } from '../../src/engine/flags.ts'
import { argumentOf, contextOf, fractionOf } from '../../src/engine/shares.ts'
import { startDeadline } from '../../src/engine/start-deadline.ts'
import { classifyExit } from './exits.ts'
import { COMPARE } from './compare.ts'
import { locate } from './locate.ts'
import { hostCache, ranksOf } from './memory.ts'
import { parseLine } from './output.ts'
import { PROBE } from './probe.ts'
import { RESERVED_FLAGS } from './reserved.ts'

/** An ipc socket's path is the directory, a slash and 36 digits; the kernel takes 107 bytes. */
const RPC_DIRECTORY_LIMIT = 70

/** `/health` says nothing of the key, `/v1/models` refuses a wrong one. */
const READINESS: Readiness = { path: '/health', status: 200, timeout: 2000, guarded: '/v1/models' }

/** 503 when its core is dead though the process lives. Of a core that hangs it says nothing; the limits of answers do. */
const LIVENESS: Liveness = {
  path: '/health',
  status: 200,
  every: 10_000,
  timeout: 5000,
  failures: 3,
  besideWork: true,
}

/**
 * Idle it is gone within a second. While its engine starts it swallows a TERM; the second ends it. Its own drain is not
 * used: with `--shutdown-timeout` it does not end while a client stays.
 */
const STOP: StopPlan = { signal: 'SIGTERM', repeatAfter: 3000, grace: 15_000 }

/** What compilation and the capture of graphs may add to a start where the manifest names no limit. */
const COMPILING: Millis = 1_200_000

export const vllm: EngineAdapter = Object.freeze({
  name: 'vllm',
  program: 'found',
  reads: 'directory',
  // Many requests share one cache, which needs room for several of full context.
  defaults: { parallel: 8, concurrency: 256 },
  reservedFlags: RESERVED_FLAGS,
  listens: () => 'socket',
  capabilities,
  locate,
  install: async (order: InstallOrder) => (await import('./install.ts')).installVllm(order),
  // What reads headers is loaded by whoever asks: commands that only know the engines start without it.
  estimate: async (model: ModelSpec, weights: WeightsFacts) => (await import('./estimate.ts')).estimate(model, weights),
  plan,
  probe: PROBE,
  compare: COMPARE,
  parseLine,
  classifyExit,
})

/**
 * A pooling model has no chat route, and the others no embeddings. One that embeds also ranks, by its vectors. Whether
 * a model hears is in its weights alone: of one that does not, the engine says so itself.
 */
function capabilities(model: ModelSpec): ReadonlySet<Capability> {
  if (argumentOf(model, 'runner') !== 'pooling')
    return new Set([
      'chat',
      'completions',
      'responses',
      'messages',
      'tokenize',
      'detokenize',
      'transcriptions',
      'translations',
    ])
  const pooled = ['rerank', 'score', 'tokenize', 'detokenize'] as const
  return new Set(argumentOf(model, 'convert') === 'classify' ? pooled : ['embeddings', ...pooled])
}

function plan(request: PlanRequest): EnginePlan {
  const { model, binary, weights, address } = request
  if (binary === null) throw new EnginehouseError('engine_not_installed', { engine: 'vllm', looked: ['PATH'] })
  if (weights === null) {
    const why = 'vLLM serves a directory of weights'
    throw new EnginehouseError('manifest_missing_key', { key: 'source', at: `models.${model.name}`, why })
  }
  const { stall, cap } = startDeadline(model, weights)
  return {
    argv: [
      [binary, 'serve', weights.path],
      ['--served-model-name', model.name],
      listenOn(address),
      ['--max-model-len', String(contextOf(model, weights)), '--max-num-seqs', String(model.concurrency)],
      ['--load-format', 'safetensors'],
      memory(request, weights),
      '--disable-uvicorn-access-log',
      flagsOf(model, RESERVED_FLAGS),
    ].flat(),
    env: environment(request),
    cwd: request.manifestDirectory,
    // It does not start on a socket that is there.
    unlink: address.kind === 'unix' ? [address.path] : [],
    servedName: model.name,
    readiness: READINESS,
    start: { stall, cap: model.load.timeout ?? cap + COMPILING },
    liveness: LIVENESS,
    stop: STOP,
    reuse: 'always',
    plainAnswers: 'passed',
  }
}

function listenOn(address: Address): string[] {
  if (address.kind === 'unix') return ['--uds', address.path]
  return ['--host', address.host, '--port', String(address.port)]
}

/** The claim as flags, so that the engine cannot take more: it fills whatever it is given. */
function memory({ gpuShares, hostClaim }: PlanRequest, weights: WeightsFacts): string[] {
  if (gpuShares.length === 0) return ['--kv-cache-memory-bytes', String(hostCache(hostClaim, weights.bytes))]
  const { tensorParallel, pipelineParallel } = ranksOf(gpuShares.length)
  return [
    ['--tensor-parallel-size', String(tensorParallel)],
    ['--pipeline-parallel-size', String(pipelineParallel)],
    ['--gpu-memory-utilization', fractionOf(gpuShares)],
  ].flat()
}

function environment({ key, directory, cacheDirectory }: PlanRequest): Record<string, string> {
  return {
    // argv is open to every process of the host; the environment is not.
    VLLM_API_KEY: key,
    // Its processes are found by this name when their parents are gone.
    VLLM_PROCESS_NAME_PREFIX: `enginehouse-${basename(directory)}`,
    // Its internal sockets and what it leaves behind go with the instance, where their names fit.
    ...(Buffer.byteLength(directory) <= RPC_DIRECTORY_LIMIT
      ? { VLLM_RPC_BASE_PATH: directory, TMPDIR: directory }
      : {}),
    // What it compiles is kept for the next launch.
    VLLM_CACHE_ROOT: cacheDirectory,
    // And so is how large a cache its share leaves: the next launch does not measure again unless something changed.
    VLLM_ENABLE_STARTUP_PLAN: '1',
    VLLM_CONFIG_ROOT: join(directory, 'config'),
    VLLM_LOGGING_COLOR: '0',
    VLLM_NO_USAGE_STATS: '1',
    DO_NOT_TRACK: '1',
    HF_HUB_OFFLINE: '1',
    TRANSFORMERS_OFFLINE: '1',
  }
}
