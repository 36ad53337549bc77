import type {
  ExitDetail,
  FailureClass,
  InstanceId,
  Instant,
  LaunchKey,
  LeaveReason,
  ModelName,
  WeightsStatus,
} from '../core/index.ts'
import { backoff, isPermanent } from './limits.ts'
import type { InstanceState, ModelState, VariantState } from './state.ts'
import { late, record, updateInstance, updateModel, updateVariant, type Turn } from './turn.ts'

/** An exit that nobody asked for, or a start that was given up: a crash, whatever its code. */
export function exited(turn: Turn, id: InstanceId, failure: FailureClass, detail: ExitDetail): void {
  const instance = turn.instances.get(id)
  if (instance === undefined || instance.phase === 'failed' || instance.phase === 'stuck')
    return late(turn, id, 'exited')
  const model = turn.models.get(instance.model)
  if (instance.phase === 'leaving') return leftEarly(turn, instance, failure, detail)
  if (model === undefined) return late(turn, id, 'exited')
  const { name } = model.spec
  const short = SHORT_OF_MEMORY.has(failure)
  if (short) updateVariant(turn, name, instance.key, { shortUntil: turn.at + model.spec.start.window })
  const failures = [...recent(model, turn.at), turn.at]
  const permanent = isPermanent(failure) && !(short && hasAnotherWay(turn, name))
  const givenUp = permanent || failures.length >= model.spec.start.attempts
  const retryAt = givenUp ? null : turn.at + backoff(failure, failures.length, turn.random)
  const during = instance.phase === 'starting' ? 'starting' : 'ready'
  const because = crashRecord(turn, instance, failure, detail, { during, attempt: failures.length, retryAt })
  const reason = leaveReason(failure)
  updateInstance(turn, id, { phase: 'failed', reason, leavingSince: turn.at, because })
  updateModel(turn, name, { failures, notBefore: retryAt, lastReason: reason, lastPlan: null, because })
  if (givenUp) giveUp(turn, name, failure, detail, { failures, permanent })
}

/** What another way to run the model may not meet: it needs less, or has it elsewhere. */
const SHORT_OF_MEMORY: ReadonlySet<FailureClass> = new Set(['gpu_oom', 'gpu_busy', 'host_oom', 'kv_too_small'])

/** One that is open and did not run out of memory itself. */
function hasAnotherWay(turn: Turn, name: ModelName): boolean {
  return openVariants(turn, name).some(([, { shortUntil }]) => shortUntil === null || shortUntil <= turn.at)
}

function leaveReason(failure: FailureClass): LeaveReason {
  if (failure === 'gpu_oom' || failure === 'gpu_busy' || failure === 'host_oom') return 'out_of_memory'
  return failure === 'unhealthy' ? 'health_failed' : 'crashed'
}

function giveUp(
  turn: Turn,
  name: ModelName,
  failure: FailureClass,
  detail: ExitDetail,
  { failures, permanent }: { readonly failures: readonly Instant[]; readonly permanent: boolean },
): void {
  const model = turn.models.get(name)
  if (model === undefined) return
  // Another start is one too many until fewer than the limit are left in the window.
  const { attempts, window } = model.spec.start
  const lastTooMany = failures.at(-attempts) ?? turn.at
  const retryAt = permanent ? null : lastTooMany + window
  const evidence = { class: failure, message: detail.message, attempts: failures.length, window, retryAt }
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
  return model.failures.filter((failedAt) => failedAt > at - model.spec.start.window)
}

/** Of one way to run the model. A manifest may have come since they were asked for, and taken that way out. */
export function weights(turn: Turn, name: ModelName, key: LaunchKey, status: WeightsStatus): void {
  const model = turn.models.get(name)
  const variant = model?.variants.findIndex((each) => each.key === key) ?? -1
  if (model === undefined || variant < 0) return
  const subject = { model: name, cause: model.because }
  if (status.kind === 'present') {
    const { perGpu, host, origin } = status.need
    const because = record(turn, 'weights', subject, { status: 'present', variant, perGpu, host, origin })
    updateVariant(turn, name, key, { weights: { kind: 'present', need: status.need } })
    updateModel(turn, name, { fetchFailures: 0, because })
    return
  }
  const { code, facts, message } = status
  const fetchFailures = model.fetchFailures + 1
  const retryAt = turn.at + backoff('weights_failed', fetchFailures, turn.random)
  const because = record(turn, 'weights', subject, { status: 'failed', variant, code, message })
  const failure = { class: 'weights_failed', message, logTail: [], retryAt, answer: { code, facts } } as const
  updateVariant(turn, name, key, { weights: { kind: 'failed', failure } })
  updateModel(turn, name, { fetchFailures, because })
  if (openVariants(turn, name).length > 0) return
  // The first way is the one that was meant: what became of it is what a request is told.
  const meant = model.variants[0]?.weights
  updateModel(turn, name, {
    failure: meant?.kind === 'failed' ? { ...meant.failure, retryAt } : failure,
    standing: model.standing?.kind === 'once' ? null : model.standing,
  })
}

/** What is left of the ways to run it: not those whose weights failed, nor those that ran out of memory while there is another. */
export function openVariants(
  turn: Turn,
  name: ModelName,
): readonly (readonly [variant: number, state: VariantState])[] {
  const variants = turn.models.get(name)?.variants ?? []
  const there = [...variants.entries()].filter(
    ([, { weights: each }]) => each.kind !== 'failed' || each.failure.retryAt <= turn.at,
  )
  const roomy = there.filter(([, { shortUntil }]) => shortUntil === null || shortUntil <= turn.at)
  return roomy.length > 0 ? roomy : there
}

/** Everything that held a model back is over: somebody asks for it, or it was changed. */
export function forgiven(
  model: ModelState,
): Pick<ModelState, 'failure' | 'failures' | 'fetchFailures' | 'notBefore' | 'lastPlan' | 'variants'> {
  const variants = model.variants.map((variant) => ({
    ...variant,
    weights: variant.weights.kind === 'failed' ? ({ kind: 'unknown' } as const) : variant.weights,
    shortUntil: null,
  }))
  return { failure: null, failures: [], fetchFailures: 0, notBefore: null, lastPlan: null, variants }
}
