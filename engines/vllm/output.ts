import { GIB } from '../../src/core/index.ts'
import type { CountedPart } from '../../src/core/index.ts'
import type { EngineEvent } from '../../src/engine/contract.ts'

/** The parts of a load that tell how far they are, and where each begins and ends in the whole. */
const BARS: readonly (readonly [pattern: RegExp, from: number, to: number])[] = [
  [/Loading \w+ checkpoint shards:\s+(\d+)%/, 0.1, 0.6],
  [/Capturing CUDA graphs.*FULL.*?:\s+(\d+)%\|/, 0.9, 1],
  [/Capturing CUDA graphs.*?:\s+(\d+)%\|/, 0.8, 0.9],
]

const MEMORY: readonly (readonly [pattern: RegExp, part: CountedPart])[] = [
  [/Model loading took ([\d.]+) GiB/, 'weights'],
  [/Available KV cache memory: ([\d.]+) GiB/, 'kv'],
  [/Explicitly set \(([\d.]+)\/[\d.]+\) GiB for KV cache/, 'kv'],
  [/Graph capturing finished in .* took ([\d.]+) GiB/, 'graphs'],
]

const CAPACITY = /\b[A-Z]+ KV cache size: ([\d,]+) tokens/

/** In the order in which a start prints them. */
const PHASES: readonly (readonly [pattern: RegExp, name: string])[] = [
  [/Initializing a V\d LLM engine/, 'starting the engine'],
  [/Starting to load model/, 'loading weights'],
  [/Dynamo bytecode transform time|Compiling a graph|Directly load the compiled graph/, 'compiling'],
  [/init engine \(profile, create kv cache, warmup model\) took/, 'warmed up'],
  [/Starting vLLM (?:API )?server/, 'opening the server'],
  [/Application startup complete/, 'listening'],
]

/** What a line of vLLM's log or of one of its progress bars says. */
export function parseLine(line: string): EngineEvent | null {
  for (const [pattern, from, to] of BARS) {
    const percent = pattern.exec(line)?.[1]
    if (percent !== undefined) return { kind: 'progress', fraction: from + ((to - from) * Number(percent)) / 100 }
  }
  for (const [pattern, part] of MEMORY) {
    const gibibytes = pattern.exec(line)?.[1]
    if (gibibytes !== undefined) return { kind: 'memory', part, bytes: Math.round(Number(gibibytes) * GIB) }
  }
  const tokens = CAPACITY.exec(line)?.[1]
  if (tokens !== undefined) return { kind: 'capacity', tokens: Number(tokens.replaceAll(',', '')) }
  const phase = PHASES.find(([pattern]) => pattern.test(line))
  return phase === undefined ? null : { kind: 'phase', name: phase[1] }
}
