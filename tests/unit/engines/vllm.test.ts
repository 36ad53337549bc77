import { chmodSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { describe, expect, test } from 'vitest'

import { vllm } from '../../../engines/vllm/adapter.ts'
import { PROBE } from '../../../engines/vllm/probe.ts'
import { BUILDS, programOf } from '../../../engines/vllm/release.ts'
import { NAMED_FLAGS } from '../../../engines/vllm/reserved.ts'
import { GIB } from '../../../src/core/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { planRequest } from './request.ts'

/** Every flag that the real program knows, from its own `serve --help=all`. */
const HELP = readFileSync(new URL('../../fixtures/vllm-0.32.0-help.txt', import.meta.url), 'utf8')
const KNOWN = PROBE.readFlags(HELP)

const GPUS = { gpuUuids: ['GPU-a'], gpuIndices: [0], gpuShares: [{ claim: 24 * GIB, total: 80 * GIB }] }
const plans = [
  planRequest({ engine: 'vllm' }),
  planRequest({ engine: 'vllm' }, GPUS),
  planRequest({ engine: 'vllm' }, { address: { kind: 'tcp', host: '127.0.0.1', port: 20001 } }),
].map((request) => vllm.plan(request))
const flags = plans.flatMap(({ argv }) => argv.filter((argument) => argument.startsWith('-')))

describe('flags', () => {
  test('the help text was understood', () => {
    const some = ['--uds', '-tp', '--no-enable-lora', '--device-memory-utilization', '-dpn', '--max-num-seqs']
    expect([...KNOWN]).toEqual(expect.arrayContaining(some))
    expect(KNOWN.size).toBeGreaterThan(400)
  })

  test('every flag that is set is one that the program knows', () => {
    expect(flags.filter((flag) => !KNOWN.has(flag))).toEqual([])
  })

  test('every flag that is set is reserved, but for one', () => {
    expect(flags.filter((flag) => !vllm.reservedFlags.has(flag))).toEqual(Array(3).fill('--disable-uvicorn-access-log'))
  })

  test('every reserved flag is one that the program knows', () => {
    expect(NAMED_FLAGS.filter((flag) => !KNOWN.has(flag))).toEqual([])
  })

  test('no flag is kept only for being the beginning of another', () => {
    const named = new Set(NAMED_FLAGS.flatMap((flag) => [flag, flag.replace(/^--/, '--no-')]))
    expect([...KNOWN].filter((flag) => vllm.reservedFlags.has(flag) && !named.has(flag))).toEqual([])
  })

  test.each([
    ['host', '0.0.0.0'],
    ['--uds', '/tmp/x'],
    ['api_key', 'mine'],
    ['gpu-memory-utilization', '0.9'],
    ['gpu-mem', '0.9'],
    ['trust-remote-code', true],
    ['no-trust-remote-code', true],
    ['load-format', 'pt'],
    ['tp', '4'],
    ['shutdown-timeout', '20'],
    ['enable-sleep', true],
    ['config', 'other.yaml'],
  ] as const)('%s is refused', (flag, value) => {
    const args = [[flag === 'tp' ? '-tp' : flag, value]] as const
    expect(() => vllm.plan(planRequest({ engine: 'vllm', args }))).toThrow(
      expect.objectContaining({ code: 'manifest_flag_reserved' }),
    )
  })
})

test('the key is in the environment and nowhere else', () => {
  const { argv, env } = vllm.plan(planRequest({ engine: 'vllm' }))
  expect(env['VLLM_API_KEY']).toBe('k3y')
  expect(argv.join(' ')).not.toContain('k3y')
})

test.each([
  [24, 80, '0.3000'],
  [7.99995, 8, '0.9999'],
  [80, 80, '1.0000'],
  [90, 80, '1.0000'],
])('a claim of %d GiB on %d GiB is the fraction %s, never more', (claim, total, fraction) => {
  const gpuShares = [{ claim: claim * GIB, total: total * GIB }]
  const { argv } = vllm.plan(planRequest({ engine: 'vllm' }, { ...GPUS, gpuShares }))
  expect(argv[argv.indexOf('--gpu-memory-utilization') + 1]).toBe(fraction)
})

test.each([
  [1, '1', '1'],
  [2, '2', '1'],
  [3, '1', '3'],
  [4, '4', '1'],
  [6, '2', '3'],
  [8, '8', '1'],
])('%d GPUs: tensor parallel %s, pipeline parallel %s', (count, tensor, pipeline) => {
  const gpuShares = Array(count).fill({ claim: GIB, total: 2 * GIB })
  const { argv } = vllm.plan(planRequest({ engine: 'vllm' }, { ...GPUS, gpuShares }))
  expect(argv[argv.indexOf('--tensor-parallel-size') + 1]).toBe(tensor)
  expect(argv[argv.indexOf('--pipeline-parallel-size') + 1]).toBe(pipeline)
})

test.each([
  [[], ['chat', 'completions', 'responses', 'messages', 'tokenize', 'detokenize', 'transcriptions', 'translations']],
  [[['runner', 'pooling']], ['embeddings', 'rerank', 'score', 'tokenize', 'detokenize']],
  [
    [
      ['--runner', 'pooling'],
      ['convert', 'classify'],
    ],
    ['rerank', 'score', 'tokenize', 'detokenize'],
  ],
] as const)('%j: what it answers', (args, expected) => {
  expect([...vllm.capabilities(modelSpec({ engine: 'vllm', args }))]).toEqual(expected)
})

test('without weights or a program there is no plan', () => {
  expect(() => vllm.plan(planRequest({}, { weights: null }))).toThrow(
    expect.objectContaining({ code: 'manifest_missing_key' }),
  )
  expect(() => vllm.plan(planRequest({}, { binary: null }))).toThrow(
    expect.objectContaining({ code: 'engine_not_installed' }),
  )
})

test('it is looked for where the manifest says, or on PATH and then among what was installed', async () => {
  const base = temporaryDirectory()
  const program = (path: string): string => {
    mkdirSync(dirname(path), { recursive: true })
    writeFileSync(path, '#!/bin/sh\n')
    chmodSync(path, 0o755)
    return path
  }
  const bare = { configured: null, image: null, path: [], installed: base }
  const ours = [programOf(base, BUILDS.cuda), programOf(base, BUILDS.cpu)]
  const missing = { code: 'engine_not_installed', facts: { engine: 'vllm', looked: ['PATH', ...ours] } }
  const error: unknown = await vllm.locate(bare).catch((failure: unknown) => failure)
  expect(error).toMatchObject({ ...missing, next: expect.stringContaining('enginehouse engines install vllm') })
  const forProcessors = program(programOf(base, BUILDS.cpu))
  expect(await vllm.locate(bare)).toBe(forProcessors)
  const forGpus = program(programOf(base, BUILDS.cuda))
  expect(await vllm.locate(bare)).toBe(forGpus)
  const onPath = program(join(base, 'bin/vllm'))
  expect(await vllm.locate({ ...bare, path: ['/none', join(base, 'bin')] })).toBe(onPath)
  const configured = join(base, 'own')
  await expect(vllm.locate({ ...bare, configured })).rejects.toMatchObject({ facts: { looked: [configured] } })
  expect(await vllm.locate({ ...bare, configured: program(configured) })).toBe(configured)
})

/** Lines as vLLM 0.32 prints them, and what they say to us. */
test.each([
  [
    '(EngineCore pid=7) INFO 11-21 15:02:01 [core.py:134] Initializing a V1 LLM engine (v0.32.0) with config: …',
    { kind: 'phase', name: 'starting the engine' },
  ],
  [
    '(Worker_TP0 pid=9) INFO 11-21 15:02:03 [gpu_model_runner.py:5040] Starting to load model /weights/m...',
    { kind: 'phase', name: 'loading weights' },
  ],
  ['Loading safetensors checkpoint shards:   0% Completed | 0/4 [00:00<?, ?it/s]', { kind: 'progress', fraction: 0.1 }],
  [
    'Loading safetensors checkpoint shards:  50% Completed | 2/4 [00:01<00:01,  1.9it/s]',
    { kind: 'progress', fraction: 0.35 },
  ],
  [
    '(EngineCore pid=7) INFO 11-21 15:02:09 [gpu_model_runner.py:5150] Model loading took 14.99 GiB memory and 5.608 seconds',
    { kind: 'memory', part: 'weights', bytes: Math.round(14.99 * GIB) },
  ],
  [
    '(EngineCore pid=7) INFO 11-21 15:02:40 [gpu_worker.py:760] Available KV cache memory: 5.21 GiB',
    { kind: 'memory', part: 'kv', bytes: Math.round(5.21 * GIB) },
  ],
  [
    '(Worker pid=9) INFO 11-21 15:02:40 [cpu_worker.py:248] Explicitly set (0.5/23.46) GiB for KV cache on node 0.',
    { kind: 'memory', part: 'kv', bytes: GIB / 2 },
  ],
  [
    '(EngineCore pid=7) INFO 11-21 15:02:40 [kv_cache_utils.py:2328] GPU KV cache size: 42,672 tokens, Maximum concurrency for 8,192 tokens per request: 5.21x',
    { kind: 'capacity', tokens: 42_672 },
  ],
  [
    'Capturing CUDA graphs (mixed prefill-decode, PIECEWISE):  50%|█████     | 33/67 [00:02<00:02, 14.1it/s]',
    { kind: 'progress', fraction: 0.8 + 0.1 * 0.5 },
  ],
  [
    'Capturing CUDA graphs (decode, FULL): 100%|██████████| 35/35 [00:02<00:00, 16.3it/s]',
    { kind: 'progress', fraction: 1 },
  ],
  [
    '(EngineCore pid=7) INFO 11-21 15:02:51 [gpu_model_runner.py:6582] Graph capturing finished in 5 secs, took 0.55 GiB',
    { kind: 'memory', part: 'graphs', bytes: Math.round(0.55 * GIB) },
  ],
  ['(APIServer pid=3) INFO:     Application startup complete.', { kind: 'phase', name: 'listening' }],
  ['(APIServer pid=3) INFO 11-21 15:02:52 [api_server.py:100] vLLM to use /tmp', null],
])('%s', (line, event) => {
  const said = vllm.parseLine(line)
  if (event?.kind === 'progress')
    expect(said).toMatchObject({ fraction: expect.closeTo('fraction' in event ? event.fraction : 0, 9) })
  else expect(said).toEqual(event)
})

const FAILED = { code: 1, signal: null }

/** Last lines of failed starts, and the sentence that a person gets. */
test.each([
  [
    'kv_too_small',
    "ValueError: To serve at least one request with the model's max seq len (131072), (16.0 GiB KV cache is needed, which is larger than the available KV cache memory (5.21 GiB). Based on the available memory, the estimated maximum model length is 42672. Try increasing `gpu_memory_utilization` …",
    'one request of 131072 tokens needs 16.0 GiB of key-value cache, and its memory leaves 5.21 GiB: set `context: 42672` or less, or more `memory`',
  ],
  [
    'bad_config',
    "pydantic_core._pydantic_core.ValidationError: Value error, User-specified max_model_len (65536) is greater than the derived max_model_len (max_position_embeddings=8192.0 or model_max_length=None in model's config.json). To allow",
    '`context` asks for 65536 tokens, and the model was made for 8192: set `context: 8192` or less',
  ],
  [
    'gpu_oom',
    'ValueError: No available memory for the cache blocks. Try increasing `gpu_memory_utilization` when initializing the engine',
    'the weights and one step fill its memory, and nothing is left for a key-value cache: give it more `memory`',
  ],
  [
    'gpu_busy',
    'ValueError: Free memory on device cuda:0 (3.21/79.18 GiB) on startup is less than desired GPU memory utilization (0.3, 23.75 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.',
    'it was to take 23.75 GiB of a GPU, and only 3.21 of 79.18 GiB were free: something else holds the rest',
  ],
  [
    'unsupported',
    "pydantic ValidationError: Model architectures ['FooForCausalLM'] are not supported for now. Supported architectures: …",
    "this vLLM does not know models of the architecture ['FooForCausalLM']",
  ],
  [
    'profiling_race',
    'AssertionError: Error in memory profiling. Initial free memory 70.1 GiB, current free memory 75.2 GiB.',
    'another process freed GPU memory while vLLM measured it',
  ],
  [
    'bad_config',
    'ValueError: Total number of attention heads (28) must be divisible by tensor parallel size (8).',
    'the model has 28 attention heads, which 8 GPUs cannot share: ask for another count of `gpus`',
  ],
  [
    'unsupported',
    'RuntimeError: Failed to infer device type, please set',
    'this vLLM found no device that it was built for: with `gpus: none` it has to be a build for CPUs',
  ],
] as const)('%s', (failure, line, message) => {
  const tail = [
    `(EngineCore pid=7) ${line}`,
    '(APIServer pid=3) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
  ]
  expect(vllm.classifyExit(FAILED, tail)).toEqual({ class: failure, message })
})

test.each([
  [
    [
      '(APIServer pid=3) ERROR 11-21 15:56:58 [async_llm.py:906] vllm.v1.engine.exceptions.EngineDeadError: EngineCore encountered an issue.',
    ],
    /^vllm\.v1\.engine\.exceptions\.EngineDeadError: EngineCore/,
  ],
  [['(APIServer pid=3) INFO:     Application shutdown complete.'], /exit code 0, as it does when its core has died/],
  [[], /exit code 0/],
])('its own exit code 0 is a dead engine: %j', (tail, message) => {
  const { class: failure, message: said } = vllm.classifyExit({ code: 0, signal: null }, tail)
  expect(failure).toBe('engine_dead')
  expect(said).toMatch(message)
})

test('what every engine says is known of vLLM too', () => {
  expect(vllm.classifyExit({ code: 2, signal: null }, ['vllm: error: unrecognized arguments: --nope'])).toEqual({
    class: 'bad_config',
    message: 'vllm: error: unrecognized arguments: --nope',
  })
  expect(vllm.classifyExit(FAILED, ['OSError: [Errno 98] Address already in use']).class).toBe('port_in_use')
})
