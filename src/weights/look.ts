import type { ErrorCode, Facts, ModelSpec, Source, WeightsFacts } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import { inspectWeights } from './inspect.ts'
import { lookForStored } from './store.ts'

/** What is known of one source of a model without fetching or changing anything. */
export type SourceLook = { readonly source: Source } & (
  | { readonly kind: 'present'; readonly weights: WeightsFacts }
  /** It is fetched when the model is first asked for. */
  | { readonly kind: 'absent' }
  | { readonly kind: 'failed'; readonly code: ErrorCode; readonly facts: Facts }
)

/** All sources of a model, in their order. `directory` is `weights/` of the state directory. */
export function lookAtSources(model: ModelSpec, directory: string): Promise<readonly SourceLook[]> {
  return Promise.all(model.source.map((source) => lookAt(source, model, directory)))
}

async function lookAt(source: Source, model: ModelSpec, directory: string): Promise<SourceLook> {
  try {
    const path = source.kind === 'file' ? source.path : await lookForStored(directory, source.sha256)
    return path === null
      ? { source, kind: 'absent' }
      : { source, kind: 'present', weights: await inspectWeights(model, path) }
  } catch (error) {
    if (!(error instanceof EnginehouseError)) throw error
    const failure: EnginehouseError = error
    return { source, kind: 'failed', code: failure.code, facts: failure.facts }
  }
}
