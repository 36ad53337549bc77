import { z } from 'zod'
import type { EngineDescription } from '../core/index.ts'
import { about, wholeNumber } from './leaves.ts'
import { CONCURRENCY_MAX, PARALLEL_MAX } from './limits.ts'

/** The keys of a model whose values or defaults depend on which engines there are. */
export interface EngineKeys {
  readonly engine: z.ZodType<string>
  readonly parallel: ReturnType<typeof wholeNumber>
  readonly concurrency: ReturnType<typeof wholeNumber>
}

export function engineKeys(engines: readonly EngineDescription[]): EngineKeys {
  const names = engines.map(({ name }) => name)
  const parallel = engines.map(({ name, defaults }) => [name, String(defaults.parallel)] as const)
  const concurrency = engines.map(
    ({ name, defaults }) =>
      [name, defaults.concurrency === null ? 'as parallel' : String(defaults.concurrency)] as const,
  )
  return {
    engine: z
      .enum(names, { error: series(names, 'or') })
      .meta(about('The kind of inference server that runs the model; every model needs one.')),
    parallel: wholeNumber(1, PARALLEL_MAX).meta(
      about(`Requests of full context that memory is kept for. Default ${inWords(parallel)}.`),
    ),
    concurrency: wholeNumber(1, CONCURRENCY_MAX).meta(
      about(`Requests that are let into the engine at once; more wait. Default ${inWords(concurrency)}.`),
    ),
  }
}

/** `for llama-server and command 1, for vllm and tgi 8`. */
function inWords(values: readonly (readonly [engine: string, value: string])[]): string {
  const different = [...new Set(values.map(([, value]) => value))]
  return different
    .map((value) => {
      const alike = values.flatMap(([engine, each]) => (each === value ? [engine] : []))
      return `for ${series(alike, 'and')} ${value}`
    })
    .join(', ')
}

function series(words: readonly string[], last: 'and' | 'or'): string {
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} ${last} ${words.at(-1)}`
}
