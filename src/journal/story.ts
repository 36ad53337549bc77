import type { InstanceId, JournalRecord, ModelName, RequestId } from '../core/index.ts'
import { isAbout } from './query.ts'
import type { RecordOf } from './phrases.ts'

/** The record that says how a model stands: each replaces the one before. */
export type Turning = RecordOf<
  | 'fetch'
  | 'weights'
  | 'planned'
  | 'started'
  | 'ready'
  | 'stopping'
  | 'crashed'
  | 'model_failed'
  | 'released'
  | 'stuck'
  | 'answered'
  | 'leftover'
  | 'cleared'
>

/** What the records say of one model, read from the first to the last. */
export interface Story {
  readonly turning: Turning | null
  /** Requests that wait for it, in their order. */
  readonly waiting: readonly RequestId[]
  /** Why it was last wanted. */
  readonly wanted: RecordOf<'wanted' | 'operator'> | null
  /** The last start that the turning is about. */
  readonly started: RecordOf<'started'> | null
  /** The plans of the last try to place it, the oldest first. */
  readonly plans: readonly RecordOf<'planned'>[]
  /** The memory of the instance that left is back. */
  readonly released: RecordOf<'released'> | null
  /** The last answer to a request that it could not be placed. */
  readonly refusal: RecordOf<'answered'> | null
  /** The last request that went to its fallback, unless it was started since. */
  readonly fellBack: RecordOf<'fell_back'> | null
  readonly daemonStarted: RecordOf<'daemon_started'> | null
}

type Draft = { -readonly [K in keyof Story]: Story[K] }

const UNPLACED = new Set([
  'insufficient_gpu_memory',
  'insufficient_host_memory',
  'insufficient_resource',
  'no_such_device',
])

export function tellStory(records: readonly JournalRecord[], model: ModelName): Story {
  const waiting = new Set<RequestId>()
  let story = blank(null)
  for (const record of records) {
    // A new daemon begins with nothing loaded and nobody waiting.
    if (record.kind === 'daemon_started') {
      waiting.clear()
      story = blank(record)
    } else if (isAbout(record, model)) {
      read(story, waiting, record)
    }
  }
  return { ...story, waiting: [...waiting] }
}

function blank(daemonStarted: RecordOf<'daemon_started'> | null): Draft {
  return {
    turning: null,
    waiting: [],
    wanted: null,
    started: null,
    plans: [],
    released: null,
    refusal: null,
    fellBack: null,
    daemonStarted,
  }
}

function read(story: Draft, waiting: Set<RequestId>, record: JournalRecord): void {
  if (isOfAnOlderInstance(record, story.started?.instance)) return
  switch (record.kind) {
    case 'operator':
      if (record.evidence.command.kind !== 'load' && record.evidence.command.kind !== 'restart') return
      waiting.add(record.evidence.command.request)
      story.wanted = record
      return
    case 'wanted':
      // Those who join a start that runs are not why it runs.
      if (waiting.size === 0) story.wanted = record
      waiting.add(record.evidence.request)
      return
    case 'gave_up':
      waiting.delete(record.evidence.request)
      return
    case 'fell_back':
      waiting.delete(record.evidence.request)
      story.fellBack = record
      return
    case 'answered':
      waiting.delete(record.evidence.request)
      if (record.evidence.outcome !== 'refused' || !UNPLACED.has(record.evidence.code)) return
      story.refusal = record
      if (record.evidence.code === 'no_such_device') story.turning = record
      return
    case 'planned':
      story.plans = story.turning?.kind === 'planned' ? [...story.plans, record] : [record]
      story.refusal = null
      story.turning = record
      return
    case 'started':
      story.started = record
      story.fellBack = null
      story.released = null
      story.turning = record
      return
    case 'stopping':
    case 'crashed':
      // Its end was asked for already; how it came does not matter any more.
      if (record.kind === 'crashed' && record.evidence.during === 'draining' && story.turning !== null) return
      story.turning = record
      return
    case 'released':
      story.released = record
      story.turning ??= record
      return
    case 'weights':
      if (record.evidence.status === 'failed') story.turning = record
      return
    case 'fetch':
    case 'ready':
    case 'model_failed':
    case 'stuck':
    case 'cleared':
      story.turning = record
      return
    case 'leftover':
      story.turning ??= record
      return
    case 'late':
    case 'devices':
    case 'daemon_started':
    case 'daemon_stopped':
    case 'manifest':
    case 'manifest_refused':
      return
    default:
      record satisfies never
  }
}

/** News of an instance that a later one has followed. */
function isOfAnOlderInstance(record: JournalRecord, current: InstanceId | undefined): boolean {
  if (record.kind === 'started' || record.kind === 'answered' || record.instance === undefined) return false
  return current !== undefined && record.instance !== current
}
