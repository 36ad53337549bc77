import { stripVTControlCharacters } from 'node:util'
import type { FailureClass, ProcessExit } from '../core/index.ts'
import type { ExitClass } from './contract.ts'

/** A message for people is one line; what is longer is cut. */
const MESSAGE_LIMIT = 300

/** llama.cpp tries again with less after this line: what failed before it did not end the engine. */
const RECOVERED = /retrying without pipeline parallelism/i

/**
 * Words of engines, by class; the first rule that any line matches decides. Causes stand before consequences: an engine
 * that ran out of memory also says that its core died.
 */
const RULES: readonly (readonly [FailureClass, RegExp])[] = [
  ['port_in_use', /address already in use|couldn't bind HTTP server socket|failed to bind to/i],
  [
    'host_oom',
    /std::bad_alloc|\bMemoryError\b|cannot allocate memory|DefaultCPUAllocator|cpu_buffer_type_alloc_buffer: failed|shutdown with signal 9/i,
  ],
  ['gpu_busy', /free memory on device .* is less than desired/i],
  [
    'gpu_oom',
    /out of memory|[cm]udaMalloc failed|hipMalloc failed|OutOfMemoryError|failed to allocate|not enough memory|no available memory for the cache blocks/i,
  ],
  // llama-server's "exceeds the available context" is no cause: it says that of a single request, and lives on.
  ['kv_too_small', /larger than the available KV cache memory/i],
  ['profiling_race', /error in memory profiling/i],
  [
    'unsupported',
    /are not supported for now|unknown model architecture|no kernel image|compute capability|PTX was compiled|illegal instruction|error while loading shared libraries/i,
  ],
  [
    'model_corrupt',
    /model is corrupted or incomplete|invalid magic|SafetensorError|not within the file bounds|failed to read magic/i,
  ],
  ['driver', /CUDA driver version is insufficient|no CUDA-capable device|\bXid\b|NCCL error|CUDA error|CUDA failure/i],
  [
    'bad_config',
    /unrecognized arguments|invalid argument|error while handling argument|ValidationError|ArgumentValidation/i,
  ],
  [
    'model_missing',
    /failed to open GGUF file|not a valid model identifier|LocalEntryNotFoundError|RepositoryNotFound|DownloadError|no such file/i,
  ],
  [
    'engine_dead',
    /EngineDeadError|EngineCore encountered|died unexpectedly|GGML_ASSERT|Scheduler hit an exception|segmentation fault|core dumped/i,
  ],
]

/** What a signal says when the output says nothing. */
const SIGNALS: ReadonlyMap<string, readonly [FailureClass, string]> = new Map([
  ['SIGKILL', ['host_oom', 'it was killed, and not by this daemon: most likely the host ran out of memory']],
  ['SIGABRT', ['engine_dead', 'it gave itself up']],
  ['SIGSEGV', ['engine_dead', 'it reached for memory that it does not have']],
  ['SIGBUS', ['engine_dead', 'a file that it had mapped became shorter, or memory failed']],
  ['SIGFPE', ['engine_dead', 'it met an impossible arithmetic operation']],
])

/** Shells and wrappers report a child's signal as 128 + its number. */
const SIGNAL_OF_CODE: ReadonlyMap<number, string> = new Map([
  [132, 'SIGILL'],
  [134, 'SIGABRT'],
  [135, 'SIGBUS'],
  [136, 'SIGFPE'],
  [137, 'SIGKILL'],
  [139, 'SIGSEGV'],
])

/** Command lines are refused with 2 by most programs; a shell says 126 and 127 for a program that it cannot run. */
const USAGE_CODES: ReadonlySet<number> = new Set([2, 126, 127])

const SOUNDS_LIKE_TROUBLE = /error|fatal|fail|exception|abort|terminat|cannot|couldn't|unable|not found|denied/i

/**
 * Why an engine ended that was not asked to, from its exit and its last lines. The message is the engine's own most
 * telling line where it said any.
 */
export function classifyExit(exit: ProcessExit, tail: readonly string[]): ExitClass {
  const lines = saidLast(tail)
  const signal = exit.signal ?? SIGNAL_OF_CODE.get(exit.code ?? 0) ?? null
  // The processor stopped the program in the middle of its work: whatever it said before is not the reason.
  if (signal === 'SIGILL') {
    return { class: 'unsupported', message: 'ended by SIGILL: its program was built for another processor' }
  }
  for (const [failure, pattern] of RULES) {
    const line = lines.findLast((candidate) => pattern.test(candidate))
    if (line !== undefined) return { class: failure, message: line }
  }
  if (signal !== null) {
    const [failure, meaning] = SIGNALS.get(signal) ?? (['exited', 'nobody here sent it'] as const)
    return { class: failure, message: `ended by ${signal}: ${meaning}` }
  }
  const failure = USAGE_CODES.has(exit.code ?? 0) ? 'bad_config' : 'exited'
  const telling = lines.findLast((line) => SOUNDS_LIKE_TROUBLE.test(line)) ?? lines.at(-1)
  const ended = `ended with exit code ${exit.code ?? 'unknown'}`
  return { class: failure, message: telling === undefined ? `${ended} without a word` : `${ended}: ${telling}` }
}

function saidLast(tail: readonly string[]): string[] {
  const recovered = tail.findLastIndex((line) => RECOVERED.test(line))
  return tail
    .slice(recovered + 1)
    .map(plain)
    .filter((line) => line !== '')
}

/** Without colours, llama.cpp's clock and level, and the end of an over-long line. */
function plain(line: string): string {
  const text = stripVTControlCharacters(line)
    .replace(/^\d+(\.\d+){3} [A-Z] /, '')
    .trim()
  return text.length > MESSAGE_LIMIT ? `${text.slice(0, MESSAGE_LIMIT - 1)}…` : text
}
