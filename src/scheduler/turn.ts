import type {
  AnswerOutcome,
  DeviceFacts,
  DeviceId,
  Drain,
  Effect,
  ErrorCode,
  Evidence,
  Facts,
  InstanceId,
  Instant,
  JournalRecord,
  LaunchKey,
  LeaveReason,
  Manifest,
  Millis,
  ModelName,
  RecordKind,
  Sequence,
  Stamp,
  StopEvidence,
  Usage,
} from '../core/index.ts'
import {
  instanceOf,
  type InstanceState,
  type ModelState,
  type SchedulerState,
  type VariantState,
  type Waiter,
} from './state.ts'

/** One step in the making: a draft of the next state with the effects and records that led to it. */
export interface Turn {
  readonly at: Instant
  readonly random: number
  readonly usage: ReadonlyMap<InstanceId, Usage>
  manifest: Manifest
  readonly models: Map<ModelName, ModelState>
  readonly instances: Map<InstanceId, InstanceState>
  readonly devices: Map<DeviceId, DeviceFacts>
  waiters: Waiter[]
  shutdown: Instant | null
  readonly watched: Set<InstanceId>
  learned: ReadonlyMap<LaunchKey, Millis>
  /** Answered in this turn: their leases are not in `usage` yet. */
  readonly granted: Set<InstanceId>
  /** Instants at which something is due without any input. */
  readonly due: Instant[]
  readonly effects: Effect[]
  readonly records: JournalRecord[]
  /** Requests that were sent to a fallback. */
  fallenBack: number
  nextSeq: Sequence
}

export function beginTurn(state: SchedulerState, stamp: Stamp): Turn {
  return {
    at: stamp.at,
    random: stamp.random,
    usage: stamp.usage,
    manifest: state.manifest,
    models: new Map(state.models),
    instances: new Map(state.instances),
    devices: new Map(state.devices),
    waiters: [...state.waiters],
    shutdown: state.shutdown,
    watched: new Set(),
    learned: state.learned,
    granted: new Set(),
    due: [],
    effects: [],
    records: [],
    fallenBack: 0,
    nextSeq: stamp.seq,
  }
}

interface Subject {
  readonly model?: ModelName
  readonly instance?: InstanceId
  readonly cause?: Sequence | null
}

/** Journals a decision and returns its position, so that what follows can name it as its cause. */
export function record<K extends RecordKind>(turn: Turn, kind: K, subject: Subject, evidence: Evidence[K]): Sequence {
  const seq = turn.nextSeq
  turn.nextSeq += 1
  const { model, instance, cause } = subject
  turn.records.push({
    seq,
    at: turn.at,
    kind,
    ...(model === undefined ? {} : { model }),
    ...(instance === undefined ? {} : { instance }),
    cause: cause === undefined || cause === null ? [] : [cause],
    evidence,
  } as JournalRecord)
  return seq
}

export function updateModel(turn: Turn, name: ModelName, change: Partial<ModelState>): void {
  const model = turn.models.get(name)
  if (model) turn.models.set(name, { ...model, ...change })
}

export function updateVariant(turn: Turn, name: ModelName, key: LaunchKey, change: Partial<VariantState>): void {
  const model = turn.models.get(name)
  if (model === undefined) return
  const variants = model.variants.map((variant) => (variant.key === key ? { ...variant, ...change } : variant))
  turn.models.set(name, { ...model, variants })
}

export function updateInstance(turn: Turn, id: InstanceId, change: Partial<InstanceState>): void {
  const instance = turn.instances.get(id)
  if (instance) turn.instances.set(id, { ...instance, ...change })
}

/** Settles one waiter. The caller takes it out of the queue. */
export function answer(turn: Turn, waiter: Waiter, outcome: AnswerOutcome, cause: Sequence | null): void {
  const { request, model } = waiter
  turn.effects.push({ kind: 'answer', request, outcome })
  if (outcome.kind === 'ready' && waiter.wants === 'lease') turn.granted.add(outcome.instance)
  record(
    turn,
    'answered',
    { model, ...(outcome.kind === 'ready' ? { instance: outcome.instance } : {}), cause },
    outcome.kind === 'ready'
      ? { request, outcome: 'ready' }
      : { request, outcome: 'refused', code: outcome.code, facts: outcome.facts },
  )
}

/** Settles every waiter of a model, in order, and drops them from the queue. */
export function answerAll(turn: Turn, model: ModelName, outcome: AnswerOutcome, cause: Sequence | null): void {
  const rest: Waiter[] = []
  for (const waiter of turn.waiters) {
    if (waiter.model === model) answer(turn, waiter, outcome, cause)
    else rest.push(waiter)
  }
  turn.waiters = rest
}

/**
 * The model cannot be loaded: its waiters go to its fallback where there is one, else they are refused. An operator who
 * asked for this very model is told.
 */
export function refuseAll(
  turn: Turn,
  { spec }: ModelState,
  refusal: { readonly code: ErrorCode; readonly facts: Facts },
  cause: Sequence | null,
): void {
  const { name, fallback } = spec
  if (fallback !== null && turn.models.has(fallback)) {
    turn.waiters = turn.waiters.map((waiter) => {
      if (waiter.model !== name || waiter.wants === 'load') return waiter
      fallBack(turn, waiter, { to: fallback, ...refusal }, cause)
      return { ...waiter, model: fallback }
    })
  }
  answerAll(turn, name, { kind: 'refused', ...refusal }, cause)
}

function fallBack(
  turn: Turn,
  { request, model }: Waiter,
  why: Omit<Evidence['fell_back'], 'request'>,
  cause: Sequence | null,
): void {
  const because = record(turn, 'fell_back', { model, cause }, { request, ...why })
  const waiting = turn.waiters.filter((waiter) => waiter.model === why.to).length + 1
  const wantedBy = record(turn, 'wanted', { model: why.to, cause: because }, { request, waiting })
  if (instanceOf(turn, why.to)?.phase !== 'starting') updateModel(turn, why.to, { because: wantedBy })
  turn.fallenBack += 1
}

/** Takes an instance down for a reason, with the evidence. Its claim counts until it is released. */
export function stopInstance(
  turn: Turn,
  instance: InstanceState,
  reason: LeaveReason,
  why: StopEvidence,
  drain: Drain,
  cause: Sequence | null,
): void {
  const leases = turn.usage.get(instance.id)?.leases ?? 0
  const because = record(
    turn,
    'stopping',
    { model: instance.model, instance: instance.id, cause: cause ?? instance.because },
    { reason, why, leases },
  )
  updateInstance(turn, instance.id, { phase: 'leaving', reason, leavingSince: turn.at, because })
  updateModel(turn, instance.model, { because, lastReason: reason })
  turn.effects.push({ kind: 'stop', instance: instance.id, reason, drain })
}

/** Nobody holds it and nobody waits for one of its slots. */
export function isIdle(turn: Turn, instance: InstanceState): boolean {
  if (turn.granted.has(instance.id)) return false
  const usage = turn.usage.get(instance.id)
  return usage === undefined || (usage.leases === 0 && usage.waiting === 0)
}

/** When it was last of use: the last byte it gave, or the moment it became ready. */
export function lastUse(turn: Turn, instance: InstanceState): Instant {
  return Math.max(turn.usage.get(instance.id)?.lastByteAt ?? 0, instance.readyAt ?? instance.startedAt)
}

/** A result of an instance that is gone or past it: kept in the history, dropped from the deciding. */
export function late(turn: Turn, instance: InstanceId, input: string): void {
  record(turn, 'late', { instance }, { input })
}
