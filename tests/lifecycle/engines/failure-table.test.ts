import { writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { PERMANENT, type FailureClass } from '../../../src/core/index.ts'
import { TRIED_AT_ONCE } from '../../../src/scheduler/index.ts'
import { writeWeightsDirectory } from '../../fixtures/safetensors.ts'
import { fakeModel, makePlace, startDaemon, type ManifestText, type Place } from '../../support/daemon.ts'
import { installFake } from '../../support/fake-programs.ts'

interface Row {
  readonly failure: FailureClass
  readonly engine: 'command' | 'vllm' | 'tgi'
  /** Its last words, as the real one says them. */
  readonly words: readonly string[]
  /** What of them, or made of them, a person is told. */
  readonly told: string
  /** Where it ends, and by what; else while it loads, by the exit code 1. */
  readonly end?: readonly string[]
  readonly keys?: ManifestText
}

const ABORTS_AT_A_REQUEST = ['--exit-at', 'request', '--signal-self', 'SIGABRT']

const ROWS: readonly Row[] = [
  {
    failure: 'port_in_use',
    engine: 'command',
    words: [
      "couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080",
      'srv  llama_server: exiting due to HTTP server error',
    ],
    told: "couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080",
  },
  {
    failure: 'gpu_oom',
    engine: 'command',
    words: [
      'ggml_backend_cuda_buffer_type_alloc_buffer: allocating 4096.00 MiB on device 0: cudaMalloc failed: out of memory',
      'alloc_tensor_range: failed to allocate CUDA0 buffer of size 4294967296',
      'main: exiting due to model loading error',
    ],
    told: 'failed to allocate CUDA0 buffer of size 4294967296',
  },
  {
    failure: 'gpu_busy',
    engine: 'vllm',
    words: [
      '(EngineCore pid=7) ValueError: Free memory on device cuda:0 (3.21/79.18 GiB) on startup is less than desired GPU memory utilization (0.3, 23.75 GiB). Decrease GPU memory utilization or reduce GPU memory used by other processes.',
      '(APIServer pid=3) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
    ],
    told: 'it was to take 23.75 GiB of a GPU, and only 3.21 of 79.18 GiB were free',
  },
  {
    failure: 'kv_too_small',
    engine: 'vllm',
    words: [
      "(EngineCore pid=7) ValueError: To serve at least one request with the model's max seq len (131072), (16.0 GiB KV cache is needed, which is larger than the available KV cache memory (5.21 GiB). Based on the available memory, the estimated maximum model length is 42672. Try increasing `gpu_memory_utilization`",
      '(APIServer pid=3) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
    ],
    told: 'set `context: 42672` or less, or more `memory`',
  },
  {
    failure: 'profiling_race',
    engine: 'vllm',
    words: [
      '(EngineCore pid=7) AssertionError: Error in memory profiling. Initial free memory 70.1 GiB, current free memory 75.2 GiB.',
      '(APIServer pid=3) RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}',
    ],
    told: 'another process freed GPU memory while vLLM measured it',
  },
  {
    failure: 'bad_config',
    engine: 'tgi',
    words: ['Error: ArgumentValidation("`max_input_tokens` must be < `max_total_tokens`")'],
    told: 'its launcher refused its arguments: ArgumentValidation("`max_input_tokens` must be < `max_total_tokens`")',
  },
  {
    failure: 'model_missing',
    engine: 'command',
    words: [
      "gguf_init_from_file: failed to open GGUF file '/w/m.gguf' (No such file or directory)",
      "srv    load_model: failed to load model, '/w/m.gguf'",
    ],
    told: "failed to open GGUF file '/w/m.gguf'",
  },
  {
    failure: 'model_corrupt',
    engine: 'command',
    words: [
      "llama_model_load: error loading model: tensor 'blk.1.ffn_up.weight' data is not within the file bounds, model is corrupted or incomplete",
      'main: exiting due to model loading error',
    ],
    told: "tensor 'blk.1.ffn_up.weight' data is not within the file bounds",
  },
  {
    failure: 'unsupported',
    engine: 'vllm',
    words: [
      "(APIServer pid=3) pydantic_core._pydantic_core.ValidationError: 1 validation error for ModelConfig  Value error, Model architectures ['FooForCausalLM'] are not supported for now. Supported architectures: dict_keys([…])",
    ],
    told: "this vLLM does not know models of the architecture ['FooForCausalLM']",
  },
  {
    failure: 'driver',
    engine: 'command',
    words: ['CUDA error: an illegal memory access was encountered', '  current device: 0, in function synchronize'],
    told: 'CUDA error: an illegal memory access was encountered',
    end: ABORTS_AT_A_REQUEST,
  },
  {
    failure: 'host_oom',
    engine: 'tgi',
    words: [
      '2026-11-21T15:50:44.000000Z ERROR text_generation_launcher: Shard process was signaled to shutdown with signal 9 rank=0',
      'Error: ShardCannotStart',
    ],
    told: 'a shard was killed, and not by this daemon',
  },
  {
    failure: 'engine_dead',
    engine: 'command',
    words: ['ggml/src/ggml.c:3175: GGML_ASSERT(ggml_can_mul_mat(a, b)) failed'],
    told: 'GGML_ASSERT(ggml_can_mul_mat(a, b)) failed',
    end: ABORTS_AT_A_REQUEST,
  },
  {
    failure: 'stalled',
    engine: 'command',
    words: [],
    told: 'nothing moved for 1',
    end: ['--ready-gate', '{never}'],
    keys: { load: { stall: '1s' } },
  },
]

test('every class of failure: the record, the status, the code, the sentence, and what follows', async () => {
  const place = makePlace()
  const engines = {
    vllm: { path: installFake(place.file('bin'), 'vllm', 'fake-vllm.mjs') },
    tgi: { path: installFake(place.file('bin'), 'text-generation-launcher', 'fake-tgi.mjs') },
  }
  const weights = writeWeightsDirectory(place.file('weights'))
  const models = Object.assign({}, ...ROWS.map((row) => modelOf(row, place, weights)))
  const daemon = await startDaemon({ engines, models }, place)
  const answers = await Promise.all(ROWS.map(async (row) => [row, await daemon.ask(row.failure)] as const))

  for (const [{ failure, told, end }, answer] of answers) {
    const error = { status: answer.status, code: answer.json.error.code, message: answer.json.error.message }
    const crash = { class: failure, message: expect.stringContaining(told) }
    await daemon.untilEvent('crashed', failure)
    const crashes = daemon.ofKind('crashed', failure)
    for (const { evidence } of crashes) expect(evidence).toMatchObject(crash)
    if (end === ABORTS_AT_A_REQUEST) {
      expect(error, failure).toMatchObject({ status: 502, code: 'engine_crashed' })
      expect(crashes[0]?.evidence, failure).toMatchObject({ during: 'ready', signal: 'SIGABRT', lost: 1 })
      continue
    }
    expect(error, failure).toMatchObject({ status: 503, code: 'model_failed', message: expect.stringContaining(told) })
    expect(error.message).toContain(`(${failure})`)
    // At once as often as the class may; then it is given up, as `start.attempts` says or because it is of no use.
    const pauses = crashes.map(
      ({ at, evidence }) => evidence.retry_at && Date.parse(evidence.retry_at) - Date.parse(at),
    )
    expect(pauses, failure).toEqual([...atOnce(failure), null])
    const [given] = daemon.ofKind('model_failed', failure)
    expect(given?.evidence.retry_at === null, failure).toBe(PERMANENT.has(failure))
  }
  await daemon.end()
}, 60_000)

/** The pauses before what is tried at once. */
function atOnce(failure: FailureClass): readonly number[] {
  return Array.from({ length: TRIED_AT_ONCE[failure] ?? 0 }, () => 0)
}

/** Its name is its class. What helps only later is given up after what is tried at once; what never helps, by itself. */
function modelOf(row: Row, place: Place, weights: string): ManifestText {
  const { failure, engine, words } = row
  const say = place.file(`${failure}.words`)
  writeFileSync(say, `${words.join('\n')}\n`)
  const start = PERMANENT.has(failure) ? {} : { start: { attempts: 1 + atOnce(failure).length, window: '1h' } }
  const keys = { ...start, ...row.keys }
  if (engine === 'command') {
    const end = row.end ?? ['--exit-at', 'loading']
    const knobs = end.map((knob) => (knob === '{never}' ? place.file('never') : knob))
    return fakeModel(place, failure, [...knobs, '--say', say], keys)
  }
  const env = { [engine === 'vllm' ? 'FAKE_VLLM' : 'FAKE_TGI']: `--say ${say}` }
  return { [failure]: { engine, gpus: 'none', source: `file:${weights}`, env, ...keys } }
}
