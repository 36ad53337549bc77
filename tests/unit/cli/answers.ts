import type { DeviceAnswer, ModelAnswer, StatusAnswer, WholeModelAnswer } from '../../../src/cli/answers.ts'

const GIB = 1024 ** 3

/** What the answers' times are told from. */
export const NOW = Date.parse('2026-01-31T14:00:00Z')

export function model(id: string, more: Partial<ModelAnswer> = {}): ModelAnswer {
  return {
    id,
    engine: 'llama-server',
    phase: 'absent',
    status: { value: 'unloaded' },
    aliases: [],
    root: `/models/${id}.gguf`,
    capabilities: ['chat', 'completions'],
    context_length: 8192,
    ttl_ms: 300_000,
    keep: 'auto',
    pinned: null,
    fetched_bytes: null,
    claim: {},
    instance: null,
    leases: 0,
    waiting: 0,
    unload_at: null,
    load_seconds: { last: null, learned: null },
    last_reason: null,
    failure: null,
    ...more,
  }
}

/** As it is answered when it is asked for by its name. */
export function whole(answer: ModelAnswer, more: Partial<WholeModelAnswer['settings']> = {}): WholeModelAnswer {
  return {
    ...answer,
    variant: null,
    settings: {
      source: answer.root === '' ? [] : [`file:${answer.root}`],
      gpus: 'none',
      parallel: 1,
      concurrency: 1,
      memory: null,
      offload: { layers: 'all', experts: 'gpu' },
      priority: 'normal',
      min_residency_ms: null,
      args: [],
      command: [],
      env: [],
      resources: {},
      unlisted: false,
      fallback: null,
      variants: [],
      ...more,
    },
  }
}

export function ready(id: string, more: Partial<ModelAnswer> = {}): ModelAnswer {
  return model(id, {
    phase: 'ready',
    status: { value: 'loaded' },
    claim: { host: { bytes: 4 * GIB, origin: 'formula', parts: null } },
    instance: {
      id: `${id}-1`,
      pid: 4711,
      argv: ['/opt/llama-server', '-m', `/models/${id}.gguf`, '--alias', id, '-c', '8192', '--no-webui'],
      started_at: '2026-01-31T13:00:00.000Z',
      ready_at: '2026-01-31T13:00:01.250Z',
      progress: null,
      step: null,
      figures: { memory: { weights: 3 * GIB, kv: GIB / 2 }, cache_tokens: 65_536 },
    },
    unload_at: '2026-01-31T14:04:00.000Z',
    load_seconds: { last: 1.25, learned: 1.5 },
    ...more,
  })
}

export const DEVICES: readonly DeviceAnswer[] = [
  {
    id: 'GPU-1b5f',
    kind: 'gpu',
    index: 0,
    name: 'NVIDIA H200',
    total: 139 * GIB,
    reserve: GIB,
    measured_used: 57 * GIB,
    foreign: 9 * GIB,
    claims: [
      { model: 'meta/llama-3.3-70b-instruct', bytes: 42 * GIB, phase: 'ready' },
      { model: 'qwen3-coder', bytes: 24 * GIB, phase: 'starting' },
    ],
    quarantined: 6 * GIB,
    free: 57 * GIB,
  },
  {
    id: 'host',
    kind: 'host',
    index: 0,
    name: 'host',
    total: 64 * GIB,
    reserve: 12.8 * GIB,
    measured_used: null,
    foreign: null,
    claims: [{ model: 'smollm2', bytes: 0.5 * GIB, phase: 'ready' }],
    quarantined: 0,
    free: 40 * GIB,
  },
]

/** One of each kind that a screen shows differently. */
export const MODELS: readonly ModelAnswer[] = [
  ready('smollm2', {
    aliases: ['default', 'tiny'],
    leases: 2,
    waiting: 3,
    claim: { host: { bytes: 0.5 * GIB, origin: 'formula', parts: null } },
  }),
  ready('meta/llama-3.3-70b-instruct', {
    claim: { 'GPU-1b5f': { bytes: 42 * GIB, origin: 'declared', parts: null } },
    pinned: { until: '2026-01-31T16:00:00.000Z' },
  }),
  model('qwen3-coder', {
    phase: 'starting',
    status: { value: 'loading' },
    waiting: 1,
    claim: { 'GPU-1b5f': { bytes: 24 * GIB, origin: 'learned', parts: null } },
    instance: {
      id: 'qwen3-coder-7',
      pid: null,
      argv: [],
      started_at: '2026-01-31T13:59:50.000Z',
      ready_at: null,
      progress: 0.427,
      step: 'loading weights',
      figures: null,
    },
  }),
  model('whisper', {
    engine: 'command',
    phase: 'backing_off',
    status: { value: 'failed' },
    context_length: null,
    ttl_ms: null,
    root: '',
    last_reason: 'crashed',
    failure: {
      class: 'gpu_oom',
      message: 'CUDA out of memory:\n\u001b[31mtried to allocate 2 GiB',
      retry_at: '2026-01-31T14:05:00.000Z',
      log_tail: ['loading the encoder', 'CUDA error 2: out of memory'],
    },
  }),
  model('bge-m3', { keep: 'always', ttl_ms: null }),
]

export const STATUS: StatusAnswer = {
  version: '0.1.0',
  pid: 1234,
  uptime_seconds: 7500,
  listen: 'http://127.0.0.1:8080',
  manifest: '/etc/enginehouse/enginehouse.yaml',
  stage: 'serving',
  models: { total: 5, loaded: 2, loading: 1, failed: 1 },
  waiting: 4,
}
