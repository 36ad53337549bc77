import { join } from 'node:path'
import { EnginehouseError } from '../../src/core/index.ts'
import type { Address, Capability, ModelSpec, StopPlan, WeightsFacts } from '../../src/core/index.ts'
import { classifyExit } from '../../src/engine/classify.ts'
import type {
  EngineAdapter,
  EnginePlan,
  EstimatePlaces,
  Liveness,
  PlanRequest,
  Readiness,
} from '../../src/engine/contract.ts'
import type { InstallOrder } from '../../src/engine/install.ts'
import { flagsOf, setsFlag } from '../../src/engine/flags.ts'
import { argumentOf, contextOf } from '../../src/engine/shares.ts'
import { startDeadline } from '../../src/engine/start-deadline.ts'
import { flagFiles } from './arguments.ts'
import { COMPARE } from './compare.ts'
import { locate } from './locate.ts'
import { CHECKPOINTS, UBATCH } from './memory.ts'
import { parseLine } from './output.ts'
import { PROBE } from './probe.ts'
import { LIMITED_FLAGS, RESERVED_FLAGS } from './reserved.ts'
import { validate } from './validate.ts'

/**
 * Set so that memory does not depend on a build's own defaults; `args` may set them otherwise. The cache of prompts in
 * RAM would be 8 GiB. Checkpoints are copies of a slot's state that models with sliding windows or recurrent layers keep
 * in RAM, up to 150 MB each.
 */
const TUNABLE: readonly (readonly [spellings: readonly [string, ...string[]], value: string])[] = [
  [['--cache-ram', '-cram'], '0'],
  [['--batch-size', '-b'], '2048'],
  [['--ubatch-size', '-ub'], String(UBATCH)],
  [['--flash-attn', '-fa'], 'auto'],
  [['--ctx-checkpoints', '-ctxcp', '--swa-checkpoints'], String(CHECKPOINTS)],
]

/** Answers at once even under load: it has threads of its own. `/health` and `/v1/models` answer any key, `/props` does not. */
const READINESS: Readiness = { path: '/health', status: 200, timeout: 1000, guarded: '/props' }

/** Its threads for HTTP are not those that work: three silent probes are a dead engine. */
const LIVENESS: Liveness = {
  path: '/health',
  status: 200,
  every: 10_000,
  timeout: 5000,
  failures: 3,
  besideWork: true,
}

/** Idle it ends within 50 ms. With a request in flight it waits for its client's socket; the second TERM ends it at once. */
const STOP: StopPlan = { signal: 'SIGTERM', repeatAfter: 2000, grace: 4000 }

export const llamaServer: EngineAdapter = Object.freeze({
  name: 'llama-server',
  program: 'found',
  reads: 'gguf',
  // It takes as many requests as it has slots.
  defaults: { parallel: 1, concurrency: null },
  backend: 'llamacpp',
  reservedFlags: RESERVED_FLAGS,
  limitedFlags: LIMITED_FLAGS,
  offload: true,
  validate,
  listens: () => 'socket',
  capabilities,
  locate,
  install: async (order: InstallOrder) => (await import('./install.ts')).installLlamaServer(order),
  // What reads headers is loaded by whoever asks: commands that only know the engines start without it.
  estimate: async (model: ModelSpec, weights: WeightsFacts, places: EstimatePlaces) =>
    (await import('./estimate.ts')).estimate(model, weights, places),
  plan,
  probe: PROBE,
  loadsByReading: true,
  compare: COMPARE,
  parseLine,
  classifyExit,
})

/**
 * One that embeds or ranks still answers chat, from a model that was not made for it, and one that ranks embeds to
 * zeros; so neither is offered. Infilling needs tokens that only some models have, hearing a projector that hears:
 * of the others the engine says so itself.
 */
function capabilities(model: ModelSpec): ReadonlySet<Capability> {
  if (setsFlag(model, '--reranking', '--rerank') || argumentOf(model, 'pooling') === 'rank')
    return new Set(['rerank', 'tokenize', 'detokenize'])
  if (setsFlag(model, '--embeddings', '--embedding')) return new Set(['embeddings', 'tokenize', 'detokenize'])
  const text = ['chat', 'completions', 'responses', 'messages', 'tokenize', 'detokenize', 'infill'] as const
  return new Set(setsFlag(model, '--mmproj', '-mm') ? [...text, 'transcriptions'] : text)
}

function plan(request: PlanRequest): EnginePlan {
  const { model, binary, weights, address, directory } = request
  if (binary === null) throw new EnginehouseError('engine_not_installed', { engine: 'llama-server', looked: ['PATH'] })
  if (weights === null) {
    const why = 'llama-server serves a file of weights'
    throw new EnginehouseError('manifest_missing_key', { key: 'source', at: `models.${model.name}`, why })
  }
  return {
    argv: [
      [binary],
      ['-m', weights.path],
      ['-a', model.name],
      listenOn(address),
      sizes(model, weights),
      devices(request),
      ['--offline', '--no-ui', '--metrics'],
      flagsOf(model, RESERVED_FLAGS),
    ].flat(),
    // argv is open to every process of the host; the environment is not. Newer builds read a configuration file, which
    // could move the port: this one is never there.
    env: { LLAMA_API_KEY: request.key, XDG_CONFIG_HOME: join(directory, 'config') },
    cwd: request.manifestDirectory,
    // It does not remove its socket, and does not start on one that is there.
    unlink: address.kind === 'unix' ? [address.path] : [],
    servedName: model.name,
    readiness: READINESS,
    start: startDeadline(model, weights),
    liveness: LIVENESS,
    stop: STOP,
    // It closes the connection after each stream, though it announces keep-alive.
    reuse: 'plain',
    plainAnswers: streamsTheSame(model) ? 'gathered' : 'passed',
  }
}

/** Thoughts in the legacy format stand in the text of a stream, and beside it in a plain answer. */
function streamsTheSame(model: ModelSpec): boolean {
  return argumentOf(model, 'reasoning-format') !== 'deepseek-legacy'
}

function listenOn(address: Address): string[] {
  if (address.kind === 'unix') return ['--host', address.path]
  return ['--host', address.host, '--port', String(address.port)]
}

/** One pool that all slots share, large enough for `parallel` requests of full context. */
function sizes(model: ModelSpec, weights: WeightsFacts): string[] {
  const context = contextOf(model, weights)
  const tuned = TUNABLE.filter(([spellings]) => !setsFlag(model, ...spellings))
  return [
    ['-c', String(context * model.parallel)],
    ['-np', String(model.parallel)],
    ['--kv-unified', '--fit', 'off'],
    tuned.flatMap(([[flag], value]) => [flag, value]),
  ].flat()
}

/**
 * CUDA_VISIBLE_DEVICES leaves it the placement's GPUs; a Vulkan build does not heed that, so `none` is said to it, and
 * again for what it loads beside the model: a draft model and a projector go to a GPU by themselves.
 */
function devices({ model, gpuUuids }: PlanRequest): string[] {
  if (gpuUuids.length > 0) return [...onGpus(model, gpuUuids.length), ...saysWhere(model)]
  const files = flagFiles(model)
  return [
    ['-ngl', '0', '--device', 'none'],
    files.draft ? ['-devd', 'none'] : [],
    files.projectors.length > 0 ? ['--no-mmproj-offload'] : [],
  ].flat()
}

/** One level above its own it says which buffers lie on which device, which nothing else of it does. */
function saysWhere(model: ModelSpec): string[] {
  const isSet = setsFlag(model, '--log-verbosity', '--verbosity', '-lv', '--verbose', '--log-verbose', '-v')
  return isSet ? [] : ['--log-verbosity', '4']
}

/** Several GPUs get equal parts, as each is claimed alike: left to itself it deals them out by what is free. */
function onGpus(model: ModelSpec, gpus: number): string[] {
  const { layers, experts } = model.offload
  const isSplit = gpus > 1 && !setsFlag(model, '--tensor-split', '-ts')
  return [
    ['-ngl', String(layers)],
    experts === 'cpu' ? ['--cpu-moe'] : [],
    typeof experts === 'number' && experts > 0 ? ['--n-cpu-moe', String(experts)] : [],
    isSplit ? ['--tensor-split', Array.from({ length: gpus }, () => '1').join(',')] : [],
  ].flat()
}
