import type { Instant, JournalRecord, Sequence } from '../core/index.ts'
import type { ExplainSubject } from './explain.ts'
import type { Journal } from './journal.ts'
import { requestOf } from './query.ts'

/** A model's own latest records: many more than one load and its end leave. */
const OWN_RECORDS = 200
/** From a victim to the plan that chose it, to who wanted that. */
const CAUSE_STEPS = 4

/** The records that `explain` needs for a subject, up to `until` (null: up to now), in order. */
export async function gather(
  journal: Pick<Journal, 'query'>,
  subject: ExplainSubject,
  until: Instant | null,
): Promise<readonly JournalRecord[]> {
  const bound = until === null ? {} : { until }
  const model = 'model' in subject ? subject.model : await modelOf(journal, subject.request, bound)
  const found = new Map<Sequence, JournalRecord>()
  const add = (records: readonly JournalRecord[]) => {
    for (const record of records) found.set(record.seq, record)
  }
  add(await journal.query({ ...bound, kinds: ['daemon_started'], limit: 1 }))
  if ('request' in subject) add(await journal.query({ ...bound, request: subject.request }))
  if (model !== undefined) add(await journal.query({ ...bound, model, limit: OWN_RECORDS }))
  for (let step = 0; step < CAUSE_STEPS; step++) {
    const missing = new Set(
      [...found.values()].flatMap(({ cause }) => cause).filter((sequence) => !found.has(sequence)),
    )
    if (missing.size === 0) break
    const causes = await journal.query({ sequences: missing })
    if (causes.length === 0) break
    add(causes)
  }
  return [...found.values()].toSorted((a, b) => a.seq - b.seq)
}

async function modelOf(
  journal: Pick<Journal, 'query'>,
  request: string,
  bound: { readonly until?: Instant },
): Promise<string | undefined> {
  for (const record of await journal.query({ ...bound, request })) {
    if (record.model !== undefined) return record.model
    if (record.kind === 'operator' && requestOf(record) === request && 'model' in record.evidence.command) {
      return record.evidence.command.model
    }
  }
  return undefined
}
