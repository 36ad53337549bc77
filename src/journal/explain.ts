import type { Instant, JournalRecord, ModelName, RequestId, Sequence } from '../core/index.ts'
import { explainModel } from './explain-model.ts'
import { explainRequest } from './explain-request.ts'

export type ExplainSubject = { readonly model: ModelName } | { readonly request: RequestId }

/** Why a model or a request stands as it does. */
export interface Explanation {
  readonly subject: ExplainSubject
  /** When it came to stand so; null when nothing is recorded of it. */
  readonly at: Instant | null
  /** How it stands and why, in one sentence. */
  readonly summary: string
  /** The evidence that the sentence is made of, and what led to it, in order. */
  readonly records: readonly JournalRecord[]
  /** What would have made it stand otherwise; empty when nothing is to be wished for. */
  readonly would_change: readonly string[]
}

/** Steps back along `cause`: a model's records name each other over its whole life. */
const CAUSES_SHOWN = 4

/**
 * Renders the evidence and nothing else: the same records give the same words whenever and wherever they are read.
 * `records` are in the order of their positions; what comes after the moment to be explained is left out by the
 * caller (gather.ts).
 */
export function explain(records: readonly JournalRecord[], subject: ExplainSubject): Explanation {
  const finding = 'model' in subject ? explainModel(records, subject.model) : explainRequest(records, subject.request)
  const { at, summary, used, advice } = finding
  return { subject, at, summary, records: withCauses(records, used), would_change: [...new Set(advice)] }
}

function withCauses(records: readonly JournalRecord[], used: readonly JournalRecord[]): readonly JournalRecord[] {
  const bySequence = new Map(records.map((record) => [record.seq, record]))
  const shown = new Map<Sequence, JournalRecord>()
  let edge: readonly JournalRecord[] = used
  for (let step = 0; step <= CAUSES_SHOWN && edge.length > 0; step++) {
    for (const record of edge) shown.set(record.seq, record)
    edge = edge
      .flatMap((record) => record.cause)
      .flatMap((sequence) => bySequence.get(sequence) ?? [])
      .filter((record) => !shown.has(record.seq))
  }
  return [...shown.values()].toSorted((a, b) => a.seq - b.seq)
}
