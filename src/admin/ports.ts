import type { ModelName } from '../core/index.ts'
import type { Journal } from '../journal/index.ts'

/** What the operators' front reads of the journal. */
export type History = Pick<Journal, 'query' | 'follow'>

/** The output of engines, whether the instance still lives or not. */
export interface EngineLogs {
  /** The last `lines` lines of the model's latest instance, oldest first; empty when it never had one. */
  tail(model: ModelName, lines: number): Promise<readonly string[]>
  /** Each line from now on, over restarts of the model; the returned function ends it. */
  follow(model: ModelName, onLine: (line: string) => void): () => void
}
