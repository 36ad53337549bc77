import { GIB } from '../../src/core/index.ts'
import type { Bytes, MemoryParts, Tokens } from '../../src/core/index.ts'
import type { ModelConfig } from '../../src/weights/model-config.ts'

/*
 * What vLLM takes, from the weights' own figures. It fills whatever fraction of a device it is given, so this decides
 * how large that fraction is: enough for the weights, for what a step needs, and for `requests` of full context.
 */

/** Small tensors are kept by every rank, and the loader pads: 71.3 GiB were loaded from 75.9 GB of files. */
const WEIGHTS_SLACK = 1.03
/** A cached token takes its place in blocks of this many. */
const BLOCK: Tokens = 16
/** Tokens of one step when nothing else is said; what activations are sized for. */
const BATCHED_TOKENS: Tokens = 8192
/** Elements per token that are alive at once, in multiples of the hidden size. */
const HIDDEN_COPIES = 4
/** Captured graphs: 0.3 to 2.5 GiB were seen; none with `enforce-eager`. */
const GRAPHS: Bytes = GIB
/** Driver context and libraries of one process, on the newest cards. */
const CONTEXT: Bytes = 0.55 * GIB
/** Buffers that ranks talk through, per rank. */
const COLLECTIVES: Bytes = GIB
/** What a formula may be wrong by. */
const MARGIN = 1.05

/** Front, engine core and worker of a CPU build, before weights and cache: 2.1 to 2.6 GiB were measured. */
const HOST_BASE: Bytes = 3 * GIB
/** Of a process whose model lives on a GPU: the interpreter, the libraries and the pinned buffers. */
const HOST_PER_PROCESS: Bytes = GIB

export interface MemoryQuestion {
  readonly config: ModelConfig
  /** Of the weight files. */
  readonly weights: Bytes
  readonly context: Tokens
  /** Requests of full context that the cache holds. */
  readonly requests: number
  /** Requests in one step. */
  readonly sequences: number
  readonly tensorParallel: number
  readonly pipelineParallel: number
  /** Of a cached element: 1 for fp8. Null: as the weights. */
  readonly cachedBytes: Bytes | null
  readonly graphs: 'captured' | 'none'
}

/** On each GPU. */
export function gpuParts(question: MemoryQuestion): MemoryParts {
  const ranks = question.tensorParallel * question.pipelineParallel
  const graphs = question.graphs === 'captured' ? GRAPHS : 0
  return {
    weights: Math.ceil(((question.weights * WEIGHTS_SLACK) / ranks) * MARGIN),
    kv: Math.ceil(cacheBytes(question) * MARGIN),
    compute: Math.ceil((activationBytes(question) + graphs) * MARGIN),
    context: Math.ceil((CONTEXT + (ranks > 1 ? COLLECTIVES : 0)) * MARGIN),
  }
}

/** Of host memory, beside GPUs that hold the model. */
export function hostBesideGpus(gpus: number): MemoryParts {
  return { weights: 0, kv: 0, compute: 0, context: (2 + gpus) * HOST_PER_PROCESS }
}

/** Of host memory, for a CPU build. */
export function hostParts(question: MemoryQuestion): MemoryParts {
  const weights = loadedOnHost(question.weights)
  return { weights, kv: cacheBytes(question), compute: 0, context: HOST_BASE }
}

/** The cache that a claim on the host leaves room for; what is left of a claim that is too small is a block. */
export function hostCache(claim: Bytes, weights: Bytes): Bytes {
  return Math.max(claim - loadedOnHost(weights) - HOST_BASE, CACHE_MINIMUM)
}

/** vLLM refuses a cache of nothing; with this little it says which context would fit. */
const CACHE_MINIMUM: Bytes = 1024 * 1024

function loadedOnHost(weights: Bytes): Bytes {
  return Math.ceil(weights * WEIGHTS_SLACK)
}

/** Keys and values of `requests` full contexts, on one rank. */
export function cacheBytes(question: MemoryQuestion): Bytes {
  const { config, context, requests, tensorParallel, pipelineParallel } = question
  const windowed = config.sliding?.layers ?? 0
  const window = Math.min(context, (config.sliding?.tokens ?? 0) + BATCHED_TOKENS)
  const perLayer = cacheWidth(config, tensorParallel) * (question.cachedBytes ?? config.elementBytes)
  const oneRequest = perLayer * ((config.layers - windowed) * blocks(context) + windowed * blocks(window))
  return Math.ceil((oneRequest * requests) / pipelineParallel)
}

function blocks(tokens: Tokens): Tokens {
  return Math.ceil(tokens / BLOCK) * BLOCK
}

/** The widest step: every token's hidden copies and its feed-forward, and the logits of every sequence in 32 bits, twice. */
function activationBytes({ config, sequences, tensorParallel }: MemoryQuestion): Bytes {
  const width = HIDDEN_COPIES * config.hidden + (2 * config.intermediate) / tensorParallel
  return Math.ceil(BATCHED_TOKENS * width * config.elementBytes + sequences * config.vocabulary * 4 * 2)
}

/**
 * Elements that one token takes of the cache in one layer, on one of `ranks` that share the heads: keys and values, of at
 * least one head each. A latent vector is not shared.
 */
function cacheWidth({ latent, keyValueHeads, headSize }: ModelConfig, ranks: number): number {
  if (latent !== null) return latent.rank + latent.rope
  return 2 * Math.max(1, keyValueHeads / ranks) * headSize
}

/** Heads are shared by powers of two; what is left is shared out by layers. */
export function ranksOf(gpus: number): { readonly tensorParallel: number; readonly pipelineParallel: number } {
  let tensorParallel = 1
  while (gpus % (tensorParallel * 2) === 0) tensorParallel *= 2
  return { tensorParallel, pipelineParallel: gpus / tensorParallel }
}
