import { expect, test } from 'vitest'

import { classifyExit } from '../../../src/engine/classify.ts'

const FAILED = { code: 1, signal: null }

/** Last lines as engines print them, and what they mean. */
test.each<[string, readonly string[], string]>([
  [
    'port_in_use',
    [
      "0.00.004.000 E srv  start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080",
      'exiting due to HTTP server error',
    ],
    "srv  start: couldn't bind HTTP server socket, hostname: 127.0.0.1, port: 8080",
  ],
  ['port_in_use', ['OSError: [Errno 98] Address already in use'], 'OSError: [Errno 98] Address already in use'],
  [
    'gpu_oom',
    [
      'ggml_backend_cuda_buffer_type_alloc_buffer: cudaMalloc failed: out of memory',
      'failed to create_context',
      'exiting due to model loading error',
    ],
    'ggml_backend_cuda_buffer_type_alloc_buffer: cudaMalloc failed: out of memory',
  ],
  [
    'gpu_oom',
    [
      'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB',
      'EngineCore encountered a fatal error',
      'EngineDeadError',
    ],
    'torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB',
  ],
  [
    'gpu_busy',
    ['ValueError: Free memory on device cuda:0 (3.2/23.6 GiB) is less than desired GPU memory'],
    'ValueError: Free memory on device cuda:0 (3.2/23.6 GiB) is less than desired GPU memory',
  ],
  [
    'kv_too_small',
    ['(16.0 GiB KV cache is needed, which is larger than the available KV cache memory (5.21 GiB)'],
    '(16.0 GiB KV cache is needed, which is larger than the available KV cache memory (5.21 GiB)',
  ],
  [
    'profiling_race',
    ['AssertionError: Error in memory profiling. Initial free memory 70.1 GiB', 'Engine core initialization failed'],
    'AssertionError: Error in memory profiling. Initial free memory 70.1 GiB',
  ],
  [
    'host_oom',
    ['ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 99'],
    'ggml_backend_cpu_buffer_type_alloc_buffer: failed to allocate buffer of size 99',
  ],
  [
    'host_oom',
    ["terminate called after throwing an instance of 'std::bad_alloc'"],
    "terminate called after throwing an instance of 'std::bad_alloc'",
  ],
  ['bad_config', ['error: invalid argument: --nope'], 'error: invalid argument: --nope'],
  [
    'bad_config',
    ['vllm serve: error: unrecognized arguments: --nope'],
    'vllm serve: error: unrecognized arguments: --nope',
  ],
  [
    'model_missing',
    [
      "gguf_init_from_file: failed to open GGUF file 'm.gguf' (No such file or directory)",
      'exiting due to model loading error',
    ],
    "gguf_init_from_file: failed to open GGUF file 'm.gguf' (No such file or directory)",
  ],
  [
    'model_corrupt',
    ["tensor 'blk.1.ffn_up.weight' data is not within the file bounds, model is corrupted or incomplete"],
    "tensor 'blk.1.ffn_up.weight' data is not within the file bounds, model is corrupted or incomplete",
  ],
  [
    'unsupported',
    ["error loading model architecture: unknown model architecture: 'new'"],
    "error loading model architecture: unknown model architecture: 'new'",
  ],
  [
    'unsupported',
    [
      'x: error while loading shared libraries: libcuda.so.1: cannot open shared object file: No such file or directory',
    ],
    'x: error while loading shared libraries: libcuda.so.1: cannot open shared object file: No such file or directory',
  ],
  [
    'driver',
    ['CUDA error: an illegal memory access was encountered'],
    'CUDA error: an illegal memory access was encountered',
  ],
  [
    'driver',
    ['CUDA driver version is insufficient for CUDA runtime version'],
    'CUDA driver version is insufficient for CUDA runtime version',
  ],
  ['engine_dead', ['ggml.c:100: GGML_ASSERT(x) failed'], 'ggml.c:100: GGML_ASSERT(x) failed'],
  [
    'exited',
    ['loading', '\u001B[31mFatal: license expired\u001B[0m', 'bye'],
    'ended with exit code 1: Fatal: license expired',
  ],
  ['exited', ['loading', 'bye'], 'ended with exit code 1: bye'],
  ['exited', [], 'ended with exit code 1 without a word'],
])('%s: %j', (failure, tail, message) => {
  expect(classifyExit(FAILED, tail)).toEqual({ class: failure, message })
})

test.each([
  [{ code: null, signal: 'SIGKILL' }, 'host_oom', /^ended by SIGKILL: .*ran out of memory$/],
  [{ code: null, signal: 'SIGABRT' }, 'engine_dead', /^ended by SIGABRT/],
  [{ code: null, signal: 'SIGSEGV' }, 'engine_dead', /^ended by SIGSEGV/],
  [{ code: null, signal: 'SIGILL' }, 'unsupported', /another processor$/],
  [{ code: 132, signal: null }, 'unsupported', /another processor$/],
  [{ code: 137, signal: null }, 'host_oom', /^ended by SIGKILL/],
  [{ code: null, signal: 'SIGTERM' }, 'exited', /^ended by SIGTERM/],
  [{ code: 2, signal: null }, 'bad_config', /exit code 2/],
  [{ code: 127, signal: null }, 'bad_config', /exit code 127/],
  [{ code: 0, signal: null }, 'exited', /exit code 0/],
  [{ code: null, signal: null }, 'exited', /exit code unknown/],
])('%j without telling words', (exit, failure, message) => {
  const result = classifyExit(exit, ['AMX is not ready to be used!'])
  expect(result.class).toBe(failure)
  expect(result.message).toMatch(message)
})

test('the words decide before the signal', () => {
  const exit = { code: null, signal: 'SIGABRT' }
  expect(classifyExit(exit, ['CUDA error: out of memory', 'current device: 0']).class).toBe('gpu_oom')
})

test('an allocation that llama.cpp recovered from is not the reason', () => {
  const tail = [
    'failed to allocate compute buffers',
    'retrying without pipeline parallelism',
    'all good',
    'oops: error 7',
  ]
  expect(classifyExit(FAILED, tail)).toEqual({ class: 'exited', message: 'ended with exit code 1: oops: error 7' })
})

test('a request that was too long for the context is not why an engine ended later', () => {
  const tail = ['request (5000 tokens) exceeds the available context size (4096 tokens)', 'GGML_ASSERT(x) failed']
  expect(classifyExit(FAILED, tail).class).toBe('engine_dead')
  expect(classifyExit({ code: null, signal: 'SIGSEGV' }, tail.slice(0, 1)).class).toBe('engine_dead')
})

test('an over-long line is cut', () => {
  expect(classifyExit(FAILED, [`error: ${'x'.repeat(5000)}`]).message.length).toBeLessThan(400)
})
