import type { ErrorCode, Facts, ModelSpec, Source, WeightsFacts } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import { inspectWeights } from './inspect.ts'
import type { Reads } from './inspect.ts'
import { lookForStored } from './store.ts'

/** What is known of one source of a model without fetching or changing anything. */
export type SourceLook = { readonly source: Source } & (
  | { readonly kind: 'present'; readonly weights: WeightsFacts }
  /** It is fetched when the model is first asked for. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly facts: Facts }
)

export interface Looking {
  /** `weights/` of the state directory. */
  readonly directory: string
  /** What the model's engine reads. */
  readonly reads: Reads
}

/** All sources of a model, in their order. */
export function lookAtSources(model: ModelSpec, looking: Looking): Promise<readonly SourceLook[]> {
  return Promise.all(model.source.map((source) => lookAt(source, model, looking)))
}

async function lookAt(source: Source, model: ModelSpec, { directory, reads }: Looking): Promise<SourceLook> {
  try {
    const path = source.kind === 'file' ? source.path : await lookForStored(directory, source.sha256)
    return path === null
      ? { source, kind: 'absent' }
      : { source, kind: 'present', weights: await inspectWeights(model, path, reads) }
  } catch (error) {
    if (!(error instanceof EnginehouseError)) throw error
    const failure: EnginehouseError = error
    return { source, kind: 'failed', code: failure.code, facts: failure.facts }
  }
}
