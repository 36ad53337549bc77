import { formatDuration, nextOf, sentenceOf } from '../core/index.ts'
import type { JournalRecord, ModelName, RequestId } from '../core/index.ts'
import type { Finding } from './finding.ts'
import { explainModel } from './explain-model.ts'
import { clock } from './phrases.ts'
import type { RecordOf } from './phrases.ts'
import { requestOf } from './query.ts'

/** A request that met a ready model is not in the journal: it changed nothing. */
export function explainRequest(records: readonly JournalRecord[], request: RequestId): Finding {
  const own = records.filter((record) => requestOf(record) === request)
  const first = own[0]
  const last = own.at(-1)
  if (first === undefined || last === undefined) {
    const summary = `Nothing is recorded of request ${request}: one that finds its model ready leaves no record.`
    return { at: null, summary, used: [], advice: [] }
  }
  const model = modelNamed(own)
  // As it stood for this request: what came after its end is not its story.
  const until = records.filter((record) => record.seq <= last.seq)
  const around = explainModel(until, model)
  const used = [...own, ...around.used]
  const head = `Request ${request} wanted ${model} at ${clock(first.at)}`
  if (last.kind === 'answered') return { at: last.at, used, ...answered(head, first, last, around) }
  if (last.kind === 'gave_up') {
    const summary = `${head} and left after it had waited ${formatDuration(last.evidence.waited)}: ${around.summary}`
    return { at: last.at, summary, used, advice: around.advice }
  }
  // It waits still, so that what came later counts.
  const now = explainModel(records, model)
  const summary = `${head} and still waits: ${now.summary}`
  return { at: now.at ?? last.at, summary, used: [...own, ...now.used], advice: now.advice }
}

function answered(
  head: string,
  first: JournalRecord,
  last: RecordOf<'answered'>,
  around: Finding,
): Pick<Finding, 'summary' | 'advice'> {
  const { evidence } = last
  const after = formatDuration(last.at - first.at)
  if (evidence.outcome === 'ready') {
    return { summary: `${head} and got it after ${after}: ${around.summary}`, advice: [] }
  }
  const sentence = sentenceOf(evidence.code, evidence.facts)
  return {
    summary: `${head} and was refused after ${after} (${evidence.code}): ${sentence}`,
    advice: [nextOf(evidence.code, evidence.facts), ...around.advice],
  }
}

function modelNamed(own: readonly JournalRecord[]): ModelName {
  for (const record of own) {
    if (record.model !== undefined) return record.model
    if (record.kind === 'operator' && 'model' in record.evidence.command) return record.evidence.command.model
  }
  return 'an unknown model'
}
