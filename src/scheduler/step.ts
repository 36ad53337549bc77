import type {
  DeviceFacts,
  Effect,
  Input,
  InstanceId,
  Instant,
  JournalRecord,
  ModelName,
  RequestId,
  Stamp,
} from '../core/index.ts'
import { exited, weights } from './failures.ts'
import { learn } from './limits.ts'
import { operator } from './operator.ts'
import { reload } from './reload.ts'
import { settle } from './settle.ts'
import { instanceOf, type SchedulerState, type Waiter } from './state.ts'
import { answer, beginTurn, late, record, updateInstance, updateModel, type Turn } from './turn.ts'

export interface StepResult {
  readonly state: SchedulerState
  /** To be carried out in this order. */
  readonly effects: readonly Effect[]
  readonly records: readonly JournalRecord[]
}

/**
 * The whole of the deciding: one input in, what is to be done and why out. Synchronous and deterministic; the same
 * state, input and stamp give the same result.
 */
export function step(state: SchedulerState, input: Input, stamp: Stamp): StepResult {
  const turn = beginTurn(state, stamp)
  apply(turn, input)
  settle(turn)
  // A wake that came is over, also one that came too soon: a timer may fire a moment before the clock shows its time.
  return endTurn(input.kind === 'woke' ? null : state.wakeAt, turn)
}

/** `armed`: the wake that the loop still has. */
function endTurn(armed: Instant | null, turn: Turn): StepResult {
  const wakeAt = turn.due.length === 0 ? null : Math.min(...turn.due)
  if (wakeAt !== armed) turn.effects.push({ kind: 'wake_at', at: wakeAt })
  return {
    state: {
      manifest: turn.manifest,
      models: turn.models,
      instances: turn.instances,
      devices: turn.devices,
      waiters: turn.waiters,
      shutdown: turn.shutdown,
      wakeAt,
      watched: turn.watched,
      learned: turn.learned,
    },
    effects: turn.effects,
    records: turn.records,
  }
}

function apply(turn: Turn, input: Input): void {
  switch (input.kind) {
    case 'wanted':
      return wanted(turn, input.model, input.request, input.onCold)
    case 'gave_up':
      return gaveUp(turn, input.request)
    case 'ready':
      return ready(turn, input)
    case 'exited':
      return exited(turn, input.instance, input.class, input.detail)
    case 'released':
      return released(turn, input.instance)
    case 'stuck':
      return stuck(turn, input)
    case 'weights':
      return weights(turn, input.model, input.key, input.status)
    case 'devices':
      return devices(turn, input.facts)
    case 'manifest':
      return reload(turn, input)
    case 'operator':
      return operator(turn, input.command)
    case 'idle':
    case 'woke':
      return
    default:
      input satisfies never
  }
}

function wanted(turn: Turn, name: ModelName, request: RequestId, onCold: 'wait' | 'fail'): void {
  const model = turn.models.get(name)
  const waiter: Waiter = { request, model: name, asked: name, at: turn.at, wants: 'lease' }
  if (model === undefined) {
    // It stood in line for a slot when a reload took its model out of the manifest.
    const gone = { kind: 'refused', code: 'model_not_found', facts: { model: name, nearest: [] } } as const
    return answer(turn, waiter, gone, null)
  }
  turn.waiters.push(waiter)
  const because = record(
    turn,
    'wanted',
    { model: name, cause: model.because },
    { request, waiting: turn.waiters.filter((waiter) => waiter.model === name).length },
  )
  if (instanceOf(turn, name)?.phase !== 'starting') updateModel(turn, name, { because })
  if (onCold === 'fail' && instanceOf(turn, name)?.phase !== 'ready' && turn.shutdown === null)
    refuseCold(turn, name, request)
}

/** The load begins all the same, so that a later try finds the model. */
function refuseCold(turn: Turn, name: ModelName, request: RequestId): void {
  const model = turn.models.get(name)
  const waiter = turn.waiters.find((each) => each.request === request)
  if (model === undefined || model.failure !== null || waiter === undefined) return
  turn.waiters = turn.waiters.filter((each) => each !== waiter)
  updateModel(turn, name, { standing: model.standing ?? { kind: 'once', since: turn.at } })
  answer(turn, waiter, { kind: 'refused', code: 'model_loading', facts: { model: name } }, model.because)
}

/** What is measured changes all the time and is journaled with the plans that it led to; the devices themselves seldom do. */
function devices(turn: Turn, facts: readonly DeviceFacts[]): void {
  const known = facts.every(({ id, total, reserve }) => {
    const before = turn.devices.get(id)
    return before?.total === total && before.reserve === reserve
  })
  for (const each of facts) turn.devices.set(each.id, each)
  if (!known) record(turn, 'devices', {}, { devices: facts })
}

function gaveUp(turn: Turn, request: RequestId): void {
  const waiter = turn.waiters.find((each) => each.request === request)
  if (waiter === undefined) return
  turn.waiters = turn.waiters.filter((each) => each !== waiter)
  record(turn, 'gave_up', { model: waiter.model }, { request, waited: turn.at - waiter.at })
}

function ready(turn: Turn, { instance: id, figures }: Extract<Input, { kind: 'ready' }>): void {
  const instance = turn.instances.get(id)
  if (instance?.phase !== 'starting') return late(turn, id, 'ready')
  const loadTime = turn.at - instance.startedAt
  const because = record(
    turn,
    'ready',
    { model: instance.model, instance: id, cause: instance.because },
    {
      loadTime,
      ...(figures && { engine: figures }),
    },
  )
  updateInstance(turn, id, { phase: 'ready', readyAt: turn.at, because })
  updateModel(turn, instance.model, { lastLoad: loadTime, because })
  turn.learned = new Map(turn.learned).set(instance.key, learn(turn.learned.get(instance.key), loadTime))
}

function released(turn: Turn, id: InstanceId): void {
  const instance = turn.instances.get(id)
  if (instance === undefined) return late(turn, id, 'released')
  const took = turn.at - (instance.leavingSince ?? turn.at)
  const reason = instance.reason ?? 'crashed'
  const because = record(
    turn,
    'released',
    { model: instance.model, instance: id, cause: instance.because },
    { reason, claims: instance.claims, took },
  )
  turn.instances.delete(id)
  const standing = turn.models.get(instance.model)?.standing
  if (standing?.kind === 'kept') updateModel(turn, instance.model, { standing: { kind: 'kept', since: turn.at } })
  // The files may change while nobody holds them: the next load looks again.
  const variants = turn.models.get(instance.model)?.variants.map((variant) => ({
    ...variant,
    weights: variant.weights.kind === 'present' ? ({ kind: 'unknown' } as const) : variant.weights,
  }))
  updateModel(turn, instance.model, { because, lastPlan: null, ...(variants && { variants }) })
}

/** What did not come back stays charged, as a stuck instance's claims, until the daemon starts anew. */
function stuck(turn: Turn, input: Extract<Input, { kind: 'stuck' }>): void {
  const instance = turn.instances.get(input.instance)
  if (instance === undefined) return late(turn, input.instance, 'stuck')
  const evidence = { missing: input.missing, why: input.why }
  const because = record(
    turn,
    'stuck',
    { model: instance.model, instance: instance.id, cause: instance.because },
    evidence,
  )
  const claims = input.missing.map(({ device, bytes }) => ({ device, bytes, origin: 'declared' as const }))
  updateInstance(turn, instance.id, { phase: 'stuck', claims, because })
}
