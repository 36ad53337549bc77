import type { ExitDetail, FailureClass, InstanceId, Instant, ModelName, WeightsStatus } from '../core/index.ts'
import { backoff, isPermanent, START_ATTEMPTS, START_WINDOW } from './limits.ts'
import type { InstanceState, ModelState } from './state.ts'
import { late, record, updateInstance, updateModel, type Turn } from './turn.ts'

/** An exit that nobody asked for, or a start that was given up: a crash, whatever its code. */
export function exited(turn: Turn, id: InstanceId, failure: FailureClass, detail: ExitDetail): void {
  const instance = turn.instances.get(id)
  if (instance === undefined || instance.phase === 'failed' || instance.phase === 'stuck')
    return late(turn, id, 'exited')
  const model = turn.models.get(instance.model)
  if (model === undefined) return late(turn, id, 'exited')
  if (instance.phase === 'leaving') return leftEarly(turn, instance, failure, detail)
  const failures = [...recent(model, turn.at), turn.at]
  const givenUp = isPermanent(failure) || failures.length >= START_ATTEMPTS
  const retryAt = givenUp ? null : turn.at + backoff(failure, failures.length, turn.random)
  const during = instance.phase === 'starting' ? 'starting' : 'ready'
  const because = crashRecord(turn, instance, failure, detail, { during, attempt: failures.length, retryAt })
  const reason = failure === 'gpu_oom' || failure === 'host_oom' ? 'out_of_memory' : 'crashed'
  updateInstance(turn, id, { phase: 'failed', reason, leavingSince: turn.at, because })
  updateModel(turn, model.spec.name, { failures, notBefore: retryAt, lastReason: reason, lastPlan: null, because })
  if (givenUp) giveUp(turn, model.spec.name, failure, detail, failures)
}

function giveUp(
  turn: Turn,
  name: ModelName,
  failure: FailureClass,
  detail: ExitDetail,
  failures: readonly Instant[],
): void {
  const model = turn.models.get(name)
  if (model === undefined) return
  // Another start is one too many until fewer than the limit are left in the window.
  const lastTooMany = failures.at(-START_ATTEMPTS) ?? turn.at
  const retryAt = isPermanent(failure) ? null : lastTooMany + START_WINDOW
  const evidence = { class: failure, message: detail.message, attempts: failures.length, window: START_WINDOW, retryAt }
  const because = record(turn, 'model_failed', { model: name, cause: model.because }, evidence)
  updateModel(turn, name, {
    because,
    standing: model.standing?.kind === 'once' ? null : model.standing,
    failure: {
      class: failure,
      message: detail.message,
      logTail: detail.logTail,
      retryAt,
      answer: { code: 'model_failed', facts: { model: name, class: failure, detail: detail.message, retryAt } },
    },
  })
}

/** It ended by itself while it was draining: its requests are lost, but nothing has to be started again. */
function leftEarly(turn: Turn, instance: InstanceState, failure: FailureClass, detail: ExitDetail): void {
  crashRecord(turn, instance, failure, detail, { during: 'draining', attempt: 0, retryAt: null })
}

function crashRecord(
  turn: Turn,
  instance: InstanceState,
  failure: FailureClass,
  detail: ExitDetail,
  rest: { during: 'starting' | 'ready' | 'draining'; attempt: number; retryAt: Instant | null },
): number {
  const usage = turn.usage.get(instance.id)
  const lost = (usage?.leases ?? 0) + (usage?.broken ?? 0)
  return record(
    turn,
    'crashed',
    { model: instance.model, instance: instance.id, cause: instance.because },
    {
      class: failure,
      message: detail.message,
      code: detail.code,
      signal: detail.signal,
      lost,
      logTail: detail.logTail,
      ...rest,
    },
  )
}

/** Failures that still count. */
export function recent(model: ModelState, at: Instant): readonly Instant[] {
  return model.failures.filter((failedAt) => failedAt > at - START_WINDOW)
}

export function weights(turn: Turn, name: ModelName, status: WeightsStatus): void {
  const model = turn.models.get(name)
  if (model === undefined) return
  if (status.kind === 'present') {
    const { perGpu, host, origin } = status.need
    const because = record(
      turn,
      'weights',
      { model: name, cause: model.because },
      { status: 'present', perGpu, host, origin },
    )
    updateModel(turn, name, { weights: { kind: 'present', need: status.need }, fetchFailures: 0, because })
    return
  }
  const fetchFailures = model.fetchFailures + 1
  const retryAt = turn.at + backoff('weights_failed', fetchFailures, turn.random)
  const because = record(
    turn,
    'weights',
    { model: name, cause: model.because },
    { status: 'failed', code: status.code, message: status.message },
  )
  updateModel(turn, name, {
    weights: { kind: 'unknown' },
    fetchFailures,
    because,
    standing: model.standing?.kind === 'once' ? null : model.standing,
    failure: {
      class: 'weights_failed',
      message: status.message,
      logTail: [],
      retryAt,
      answer: { code: status.code, facts: status.facts },
    },
  })
}
