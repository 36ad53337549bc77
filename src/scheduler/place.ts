import {
  HOST,
  isResource,
  type DeviceFacts,
  type ErrorCode,
  type Facts,
  type Instant,
  type ModelName,
  type PlanEvidence,
  type Priority,
  type Sequence,
} from '../core/index.ts'
import { openVariants, recent } from './failures.ts'
import { claimOn, type Promises } from './ledger.ts'
import { STALENESS_LIMIT } from './limits.ts'
import { plan, type Plan, type Way } from './placement.ts'
import { instanceOf, type ModelState, type VariantState } from './state.ts'
import { isIdle, record, refuseAll, stopInstance, updateModel, updateVariant, type Turn } from './turn.ts'

/**
 * Whoever is wanted and has no instance: its weights, then a place, then the start or what has to come before it. True
 * when a request was sent to another model meanwhile, which is then wanted too.
 */
export function placeWanted(turn: Turn): boolean {
  const promises: Promises = new Map()
  const fallenBack = turn.fallenBack
  for (const { model, since } of demands(turn)) {
    if (instanceOf(turn, model.spec.name) === undefined && mayStart(turn, model)) place(turn, model, since, promises)
  }
  return turn.fallenBack > fallenBack
}

interface Demand {
  readonly model: ModelState
  readonly since: Instant
}

const RANK: Readonly<Record<Priority, number>> = Object.freeze({ high: 0, normal: 1, low: 2 })

/** Who wants to be loaded: the higher priority first, then whoever waits longest. */
function demands(turn: Turn): readonly Demand[] {
  const since = new Map<ModelName, Instant>()
  for (const waiter of turn.waiters) if (!since.has(waiter.model)) since.set(waiter.model, waiter.at)
  const wanted: Demand[] = []
  for (const model of turn.models.values()) {
    const asked = since.get(model.spec.name) ?? Number.POSITIVE_INFINITY
    const first = Math.min(asked, model.standing?.since ?? Number.POSITIVE_INFINITY)
    if (first !== Number.POSITIVE_INFINITY) wanted.push({ model, since: first })
  }
  return wanted.toSorted((a, b) => RANK[a.model.spec.priority] - RANK[b.model.spec.priority] || a.since - b.since)
}

/** Not before a back-off is over. A model that was given up answers at once, until its time has come. */
function mayStart(turn: Turn, model: ModelState): boolean {
  const { name } = model.spec
  if (model.failure !== null) {
    const { retryAt, answer: refusal } = model.failure
    if (retryAt === null || turn.at < retryAt) {
      refuseAll(turn, model, refusal, model.because)
      if (retryAt !== null && model.standing !== null) turn.due.push(retryAt)
      return false
    }
    updateModel(turn, name, { failure: null })
  }
  if (model.notBefore !== null && turn.at < model.notBefore) {
    turn.due.push(model.notBefore)
    return false
  }
  return true
}

function place(turn: Turn, model: ModelState, since: Instant, promises: Promises): void {
  const starvedAt = since + STALENESS_LIMIT
  const decided = decide(turn, model, promises, turn.at >= starvedAt)
  if (decided === null) return
  switch (decided.kind) {
    case 'start':
      start(turn, model, decided)
      return
    case 'evict':
      for (const claim of decided.claims) promise(promises, claim.device, claim.bytes)
      evict(turn, model, decided)
      return
    case 'wait':
      for (const claim of decided.claims) promise(promises, claim.device, claim.bytes)
      for (const instance of decided.watch) turn.watched.add(instance)
      if (decided.until !== null) turn.due.push(decided.until)
      if (decided.watch.length > 0 && starvedAt > turn.at) turn.due.push(starvedAt)
      recordPlan(turn, model, decided.evidence)
      return
    case 'refuse':
      refuse(turn, model, decided)
      return
    case 'no_device':
      giveUp(
        turn,
        model,
        'no_such_device',
        { model: model.spec.name, wanted: decided.wanted, there: decided.there },
        model.because,
      )
      return
    default:
      decided satisfies never
  }
}

/**
 * The ways to run the model are looked at in order, each only when memory is short for those before it: its weights
 * are not fetched earlier. Null while weights are awaited that may change the answer.
 */
function decide(turn: Turn, model: ModelState, promises: Promises, starved: boolean): Plan | null {
  if (!turn.devices.has(HOST)) return null
  const ways: Way[] = []
  let decided: Plan | null = null
  for (const [variant, state] of openVariants(turn, model.spec.name)) {
    const { weights } = state
    if (weights.kind !== 'present') {
      if (weights.kind !== 'fetching') fetch(turn, model, variant, state)
      // Better weights than none may still come: nobody is refused before.
      return decided?.kind === 'wait' ? decided : null
    }
    ways.push({ variant, state, need: weights.need })
    decided = plan(turn, ways, promises, starved)
    if (!isShort(decided)) break
  }
  return decided
}

function isShort(decided: Plan): boolean {
  return decided.kind === 'refuse' || decided.kind === 'no_device' || (decided.kind === 'wait' && !decided.released)
}

function fetch(turn: Turn, model: ModelState, variant: number, { spec, key }: VariantState): void {
  const { name } = model.spec
  const because = record(turn, 'fetch', { model: name, cause: model.because }, { variant })
  updateVariant(turn, name, key, { weights: { kind: 'fetching' } })
  updateModel(turn, name, { because })
  turn.effects.push({ kind: 'fetch', model: name, spec, key })
}

function promise(promises: Promises, device: string, bytes: number): void {
  promises.set(device, (promises.get(device) ?? 0) + bytes)
}

function start(turn: Turn, model: ModelState, decided: Extract<Plan, { kind: 'start' }>): void {
  const { name } = model.spec
  const { spec, key } = decided.way.state
  const cause = record(turn, 'planned', { model: name, cause: model.because }, decided.evidence)
  const id = `${name.replaceAll(/[^A-Za-z0-9._-]/g, '_').slice(0, 32)}-${cause.toString(36)}`
  const because = record(
    turn,
    'started',
    { model: name, instance: id, cause },
    { claims: decided.claims, attempt: recent(model, turn.at).length + 1, variant: decided.way.variant },
  )
  turn.instances.set(id, {
    id,
    model: name,
    key,
    claims: decided.claims,
    phase: 'starting',
    startedAt: turn.at,
    readyAt: null,
    reason: null,
    leavingSince: null,
    because,
  })
  updateModel(turn, name, { because, lastPlan: null, notBefore: null })
  turn.effects.push({ kind: 'start', launch: { instance: id, model: name, spec, key, claims: decided.claims } })
}

function evict(turn: Turn, model: ModelState, decided: Extract<Plan, { kind: 'evict' }>): void {
  const cause = recordPlan(turn, model, decided.evidence)
  for (const victim of decided.victims) {
    const bytes = decided.claims.reduce(
      (sum, claim) => sum + (isResource(claim.device) ? 0 : claimOn(victim.instance, claim.device)),
      0,
    )
    const why = {
      rule: 'eviction',
      for: model.spec.name,
      bytes,
      idleFor: turn.at - victim.lastUse,
      starved: !isIdle(turn, victim.instance),
    } as const
    stopInstance(turn, victim.instance, 'evicted_for', why, { kind: 'finish' }, cause)
  }
}

function refuse(turn: Turn, model: ModelState, decided: Extract<Plan, { kind: 'refuse' }>): void {
  const cause = recordPlan(turn, model, decided.evidence)
  const facts = { model: model.spec.name, device: decided.device.id, needed: decided.needed, largest: decided.largest }
  giveUp(turn, model, INSUFFICIENT[decided.device.kind], facts, cause)
}

const INSUFFICIENT = Object.freeze({
  host: 'insufficient_host_memory',
  gpu: 'insufficient_gpu_memory',
  resource: 'insufficient_resource',
} as const) satisfies Readonly<Record<DeviceFacts['kind'], ErrorCode>>

/** Answers who waits; what is merely preloaded is not tried again, what is kept is when the world changes. */
function giveUp(
  turn: Turn,
  model: ModelState,
  code: (typeof INSUFFICIENT)[DeviceFacts['kind']] | 'no_such_device',
  facts: Facts,
  cause: Sequence | null,
): void {
  refuseAll(turn, model, { code, facts }, cause)
  if (model.standing?.kind === 'once') updateModel(turn, model.spec.name, { standing: null })
}

/** Journals a plan unless the last one said the same. */
function recordPlan(turn: Turn, model: ModelState, evidence: PlanEvidence): Sequence | null {
  const verdicts = evidence.candidates.map(({ variant, verdict, devices, evict, spared }) => [
    variant,
    verdict,
    devices.map(({ device, needed, claimed, promised }) => [device, needed, claimed, promised]),
    evict.map(({ instance }) => instance),
    spared.map(({ instance, rule }) => [instance, rule]),
  ])
  const key = JSON.stringify([evidence.action, evidence.chosen, verdicts])
  if (key === model.lastPlan) return model.because
  const because = record(turn, 'planned', { model: model.spec.name, cause: model.because }, evidence)
  updateModel(turn, model.spec.name, { lastPlan: key, because })
  return because
}
