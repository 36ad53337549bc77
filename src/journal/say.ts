import { formatBytes, formatDuration } from '../core/index.ts'
import type { JournalRecord, Millis, ModelName } from '../core/index.ts'
import { adviceForEviction, adviceForFailure, adviceForMemory, adviceForTtl } from './advice.ts'
import {
  candidateOf,
  clock,
  evictionPhrase,
  FAILED_BECAUSE,
  LEFT_BECAUSE,
  needPhrase,
  oneLine,
  plural,
  sparedClause,
} from './phrases.ts'
import type { RecordOf } from './phrases.ts'
import type { Story } from './story.ts'

/** What a turning says of its model, without the full stop. */
export interface Said {
  readonly text: string
  readonly advice: readonly string[]
  readonly used?: readonly JournalRecord[]
}

export function sayWeights(turning: RecordOf<'weights'>, model: ModelName): Said {
  const { evidence } = turning
  if (evidence.status === 'present') return { text: `${model} has its weights since ${clock(turning.at)}`, advice: [] }
  return {
    text: `${model} could not be loaded at ${clock(turning.at)}, as its weights could not be had: ${oneLine(evidence.message).replace(/\.$/, '')}`,
    advice: adviceForFailure('weights_failed', model),
  }
}

export function sayPlanned(story: Story, turning: RecordOf<'planned'>, model: ModelName): Said {
  const { action } = turning.evidence
  const candidate = candidateOf(turning.evidence)
  if (candidate === undefined) return { text: `${model} had no placement to weigh at ${clock(turning.at)}`, advice: [] }
  const need = `it needs ${needPhrase(candidate.devices)}`
  const spared = sparedClause(candidate.spared)
  switch (action) {
    case 'start':
      return { text: `${model} was about to start at ${clock(turning.at)}: ${need}${spared}`, advice: [] }
    case 'evict': {
      const leaving = candidate.evict.map(evictionPhrase).join(', ')
      const text = `${model} waits since ${clock(turning.at)} until others have made room: ${need}; leaving: ${leaving}${spared}`
      return { text, advice: [] }
    }
    case 'wait': {
      const what = candidate.verdict === 'waits_for_release' ? 'memory that is on its way back' : 'others to be idle'
      const text = `${model} waits since ${clock(turning.at)} for ${what}: ${need}${spared}`
      return { text, advice: adviceForMemory(candidate, model) }
    }
    case 'refuse': {
      const refusal = story.refusal?.evidence
      const most = refusal?.outcome === 'refused' ? Number(refusal.facts['largest']) : Number.NaN
      const limit = Number.isFinite(most) ? `, and at most ${formatBytes(most)} could be` : ''
      const text = `${model} could not be placed at ${clock(turning.at)}: ${need}${limit}${spared}`
      return { text, advice: adviceForMemory(candidate, model, Number.isFinite(most) ? most : null) }
    }
    default:
      return action satisfies never
  }
}

export function sayStopping(
  records: readonly JournalRecord[],
  story: Story,
  turning: RecordOf<'stopping'>,
  model: ModelName,
): Said {
  const { why, reason, leases } = turning.evidence
  const gone = story.released !== null
  const head = gone
    ? `${model} was unloaded at ${clock(turning.at)}`
    : `${model} is being unloaded since ${clock(turning.at)}`
  const running = gone || leases === 0 ? '' : `; ${plural(leases, 'request was', 'requests were')} still running`
  switch (why.rule) {
    case 'ttl': {
      const text = `${head}, as nobody had used it for ${formatDuration(why.ttl)} (its ttl; its last byte left at ${clock(why.lastByteAt)})`
      return { text, advice: adviceForTtl(model, why.ttl) }
    }
    case 'eviction': {
      const plan = planBehind(records, turning, why.for)
      const candidate = plan && candidateOf(plan.evidence)
      const need = candidate ? `: ${why.for} needs ${needPhrase(candidate.devices)}, and` : `;`
      const gave = gone ? 'gave back' : 'gives back'
      const text = `${head} to make room for ${why.for}${need} ${model} ${gave} ${formatBytes(why.bytes)} ${afterIdle(why)}${sparedClause(candidate?.spared ?? [])}${running}`
      return { text, advice: adviceForEviction({ model, for: why.for, candidate }), used: plan ? [plan] : [] }
    }
    case 'manifest': {
      const text = why.removed
        ? `${head}, because the manifest does not name it any more${running}`
        : `${head}, because ${LEFT_BECAUSE[reason]}${running}`
      return { text, advice: why.removed ? [] : [`send ${model} a request: it starts as the manifest has it now`] }
    }
    case 'operator':
      return {
        text: `${head}, because ${LEFT_BECAUSE[reason]}${running}`,
        advice: [`load ${model}, or send it a request`],
      }
    case 'shutdown':
      return {
        text: `${head}, because ${LEFT_BECAUSE[reason]} (running requests had until ${clock(why.deadline)})${running}`,
        advice: [],
      }
    default:
      return why satisfies never
  }
}

function afterIdle(why: { readonly for: ModelName; readonly idleFor: Millis; readonly starved: boolean }): string {
  const last = formatDuration(why.idleFor)
  return why.starved
    ? `while busy, as ${why.for} had waited past the limit (last used ${last} before)`
    : `after ${last} idle`
}

/** The plan that chose this victim: the record's cause, else the last one before it that names the victim. */
function planBehind(
  records: readonly JournalRecord[],
  stopping: RecordOf<'stopping'>,
  by: ModelName,
): RecordOf<'planned'> | undefined {
  return records.findLast(
    (record): record is RecordOf<'planned'> =>
      record.kind === 'planned' &&
      record.model === by &&
      record.seq < stopping.seq &&
      (stopping.cause.includes(record.seq) ||
        (candidateOf(record.evidence)?.evict.some(({ instance }) => instance === stopping.instance) ?? false)),
  )
}

export function sayCrashed(turning: RecordOf<'crashed'>, model: ModelName): Said {
  const { class: failure, message, code, signal, during, lost, attempt, retryAt } = turning.evidence
  const end = signal ?? (code === null ? 'no exit code' : `exit code ${code}`)
  const again = retryAt === null ? '' : `; it is tried again at ${clock(retryAt)}`
  const cut = lost === 0 ? '' : `; ${plural(lost, 'request was', 'requests were')} lost`
  return {
    text: `${model} crashed at ${clock(turning.at)} while ${during} (attempt ${attempt}, ${end}), as ${FAILED_BECAUSE[failure]} (${oneLine(message)})${cut}${again}`,
    advice: adviceForFailure(failure, model),
  }
}
