import type { CandidateEvidence, JournalRecord, ModelView, PlanEvidence } from '../core/index.ts'
import { formatDuration } from '../core/index.ts'
import type { DecisionAction, DecisionShape } from './shapes.ts'
import { toWire } from './wire.ts'

/**
 * The decision in the records that a `load` or `pin` caused, as the model's view stood when they were read.
 * Everything in it is the evidence of one record; without one, the model's own phase says why nothing was decided.
 */
export function loadDecision(model: ModelView, records: readonly JournalRecord[]): DecisionShape {
  const own = records.filter((record) => record.model === undefined || record.model === model.id)
  const answer = own.findLast((record) => record.kind === 'answered')
  if (answer?.kind === 'answered' && answer.evidence.outcome === 'refused') {
    return undecided('refuse', model, answer.evidence)
  }
  const plan = decisivePlan(own)
  if (plan) return planDecision(plan)
  const isFetching = own.some((record) => record.kind === 'fetch')
  if (isFetching) return undecided('wait', model, { waits_for: 'weights' })
  return undecided(model.phase === 'ready' ? 'already' : 'wait', model, { phase: model.phase })
}

/** A plan that evicts is followed by one that starts in the room it made: the first of the two is the decision. */
function decisivePlan(records: readonly JournalRecord[]): PlanEvidence | undefined {
  const plans = records.flatMap((record) => (record.kind === 'planned' ? [record.evidence] : []))
  return plans.findLast((plan) => plan.action === 'evict') ?? plans.at(-1)
}

const PLAN_ACTIONS: Readonly<Record<PlanEvidence['action'], DecisionAction>> = Object.freeze({
  start: 'start',
  evict: 'start',
  wait: 'wait',
  refuse: 'refuse',
})

function planDecision(plan: PlanEvidence): DecisionShape {
  const chosen = plan.chosen === null ? undefined : plan.candidates[plan.chosen]
  return {
    action: PLAN_ACTIONS[plan.action],
    device: chosen ? placeOf(chosen) : null,
    evict:
      chosen?.evict.map(({ model, bytes, idleFor, priority }) => ({
        model,
        bytes,
        why: `idle for ${formatDuration(idleFor)}, priority ${priority}`,
      })) ?? [],
    evidence: toWire(plan),
  }
}

/** The device that the plan is about: the one with the most bytes of it. */
function placeOf(candidate: CandidateEvidence): string | null {
  const [first, ...rest] = candidate.devices
  if (!first) return null
  return rest.reduce((most, budget) => (budget.needed > most.needed ? budget : most), first).device
}

/**
 * The decision in the records that a `restart` caused. A model that was not in memory is simply loaded; one that was
 * leaves first, and the plan of its new load is the evidence as soon as there is one.
 */
export function restartDecision(model: ModelView, records: readonly JournalRecord[]): DecisionShape {
  const decision = loadDecision(model, records)
  const stopping = records.find((record) => record.kind === 'stopping' && record.model === model.id)
  if (!stopping || decision.action === 'refuse') return decision
  const hasPlan = decision.action === 'start'
  return { ...decision, action: 'restart', evidence: hasPlan ? decision.evidence : toWire(stopping.evidence) }
}

/** The decision in the records that an `unload` caused: it goes, its load is called off, or it was not there. */
export function unloadDecision(model: ModelView, records: readonly JournalRecord[]): DecisionShape {
  const stopping = records.findLast((record) => record.kind === 'stopping' && record.model === model.id)
  if (stopping) return undecided('unload', model, stopping.evidence)
  const calledOff = records.findLast((record) => record.kind === 'answered' && record.evidence.outcome === 'refused')
  if (calledOff) return undecided('unload', model, calledOff.evidence)
  return undecided('already', model, { phase: model.phase })
}

function undecided(action: DecisionAction, model: ModelView, evidence: unknown): DecisionShape {
  return { action, device: model.claims[0]?.device ?? null, evict: [], evidence: toWire(evidence) }
}
