import { GIB } from '../../src/core/index.ts'
import type { Bytes, MemoryParts, Tokens } from '../../src/core/index.ts'
import type { ModelConfig } from '../../src/weights/model-config.ts'

/*
 * What TGI takes, from the weights' own figures. Once they are loaded it fills nine tenths of what its fraction of the
 * device still has with blocks of cache, so this decides how large the fraction is.
 */

/** Small tensors are kept by every rank. */
const WEIGHTS_SLACK = 1.03
/** `TGI_WIGGLE_ROOM`: the part of what is free that becomes cache. */
const WIGGLE_ROOM = 0.9
/** Driver context, libraries, and graphs of the batch sizes that it captures. */
const CONTEXT: Bytes = 1.5 * GIB
/** Buffers that ranks talk through, per rank. */
const COLLECTIVES: Bytes = GIB
/** Tokens of one prefill, and elements per token that are alive at once, in multiples of the hidden size. */
const PREFILL_TOKENS: Tokens = 4096
const HIDDEN_COPIES = 4
/** Launcher, router, and the interpreter with its libraries: per process. */
const HOST_PER_PROCESS: Bytes = GIB

export interface MemoryQuestion {
  readonly config: ModelConfig
  readonly weights: Bytes
  readonly context: Tokens
  /** Requests of full context that the cache holds. */
  readonly requests: number
  readonly shards: number
  /** Of a cached element: 1 for fp8. Null: as the weights. */
  readonly cachedBytes: Bytes | null
}

/** On each GPU. */
export function gpuParts(question: MemoryQuestion): MemoryParts {
  const { weights, shards } = question
  return {
    weights: Math.ceil((weights * WEIGHTS_SLACK) / shards),
    kv: Math.ceil(cacheBytes(question) / WIGGLE_ROOM),
    compute: Math.ceil(activationBytes(question)),
    context: CONTEXT + (shards > 1 ? COLLECTIVES : 0),
  }
}

/** Of host memory, beside GPUs that hold the model: launcher and router together, and each shard. */
export function hostBesideGpus(shards: number): MemoryParts {
  return { weights: 0, kv: 0, compute: 0, context: (1 + shards) * HOST_PER_PROCESS }
}

/** Of host memory, for a build that runs on the CPU. */
export function hostParts(question: MemoryQuestion): MemoryParts {
  return {
    weights: Math.ceil(question.weights * WEIGHTS_SLACK),
    kv: Math.ceil(cacheBytes(question)),
    compute: Math.ceil(activationBytes(question)),
    context: 2 * HOST_PER_PROCESS,
  }
}

/** Keys and values of `requests` full contexts, on one shard; a sliding window saves nothing here. */
export function cacheBytes({ config, context, requests, shards, cachedBytes }: MemoryQuestion): Bytes {
  return cacheWidth(config, shards) * (cachedBytes ?? config.elementBytes) * config.layers * context * requests
}

function activationBytes({ config, shards }: MemoryQuestion): Bytes {
  const width = HIDDEN_COPIES * config.hidden + (2 * config.intermediate) / shards
  return PREFILL_TOKENS * width * config.elementBytes
}

/**
 * Elements that one token takes of the cache in one layer, on one of `ranks` that share the heads: keys and values, of at
 * least one head each. A latent vector is not shared.
 */
function cacheWidth({ latent, keyValueHeads, headSize }: ModelConfig, ranks: number): number {
  if (latent !== null) return latent.rank + latent.rope
  return 2 * Math.max(1, keyValueHeads / ranks) * headSize
}
