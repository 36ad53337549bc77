import {
  EnginehouseError,
  sentenceOf,
  type ErrorCode,
  type Facts,
  type ModelSpec,
  type Need,
  type Weights,
  type WeightsFacts,
} from '../core/index.ts'
import { needFor, type EngineAdapter, type EnginePlaces } from '../engine/index.ts'

/** What has to be there before a model can be placed: its weights, and the engine's program. */
export interface Prepared {
  readonly kind: 'ready'
  readonly binary: string | null
  /** Run by `binary`; null for a program that runs by itself. */
  readonly image: string | null
  readonly weights: WeightsFacts | null
  readonly need: Need
}

export type Preparation =
  | Prepared
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly facts: Facts; readonly message: string }

export async function prepare(
  model: ModelSpec,
  adapter: EngineAdapter,
  places: EnginePlaces,
  weights: Weights,
  manifestDirectory: string,
): Promise<Preparation> {
  try {
    const binary = await adapter.locate(places)
    // An image brings a program of its own.
    if (binary !== null && places.image === null) await adapter.admit?.(model, binary)
    const result = await weights.ensure(model)
    if (result.kind === 'failed') return failed(result.code, result.facts)
    const need = await needFor(model, adapter, result.weights, { manifestDirectory })
    return { kind: 'ready', binary, image: places.image, weights: result.weights, need }
  } catch (error) {
    if (error instanceof EnginehouseError) return failed(error.code, error.facts as Facts)
    return failed('internal', { what: error instanceof Error ? error.message : String(error) })
  }
}

function failed(code: ErrorCode, facts: Facts): Preparation {
  return { kind: 'failed', code, facts, message: sentenceOf(code, facts) }
}
