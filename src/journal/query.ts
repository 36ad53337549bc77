import type { InstanceId, Instant, JournalRecord, ModelName, RecordKind, RequestId, Sequence } from '../core/index.ts'

/** Which records are asked for: those that meet every condition. */
export interface JournalQuery {
  /** Records about the model, and commands that name it. */
  readonly model?: ModelName | undefined
  readonly instance?: InstanceId | undefined
  /** Records that name the request; see `gather` for what led to them. */
  readonly request?: RequestId | undefined
  readonly since?: Instant | undefined
  readonly until?: Instant | undefined
  /** Only what comes after this position. */
  readonly after?: Sequence | undefined
  readonly sequences?: ReadonlySet<Sequence> | undefined
  readonly kinds?: readonly RecordKind[] | undefined
  /** The last so many of those that match. */
  readonly limit?: number | undefined
}

export function matches(record: JournalRecord, query: JournalQuery): boolean {
  return (
    (query.after === undefined || record.seq > query.after) &&
    (query.since === undefined || record.at >= query.since) &&
    (query.until === undefined || record.at <= query.until) &&
    (query.sequences === undefined || query.sequences.has(record.seq)) &&
    (query.kinds === undefined || query.kinds.includes(record.kind)) &&
    (query.instance === undefined || record.instance === query.instance) &&
    (query.model === undefined || isAbout(record, query.model)) &&
    (query.request === undefined || requestOf(record) === query.request)
  )
}

/** True when no record before this one can match: a reader that goes back may stop here. */
export function endsBefore(record: JournalRecord, query: JournalQuery): boolean {
  if (query.after !== undefined && record.seq <= query.after + 1) return true
  if (query.since !== undefined && record.at < query.since) return true
  if (query.sequences === undefined) return false
  for (const sequence of query.sequences) if (sequence < record.seq) return false
  return true
}

/** True for records of the model, and for commands that name it. */
export function isAbout(record: JournalRecord, model: ModelName): boolean {
  if (record.model !== undefined) return record.model === model
  if (record.kind !== 'operator') return false
  const { command } = record.evidence
  return 'model' in command && command.model === model
}

/** The request that a record names. */
export function requestOf(record: JournalRecord): RequestId | undefined {
  switch (record.kind) {
    case 'wanted':
    case 'gave_up':
    case 'answered':
      return record.evidence.request
    case 'operator':
      return 'request' in record.evidence.command ? record.evidence.command.request : undefined
    default:
      return undefined
  }
}
