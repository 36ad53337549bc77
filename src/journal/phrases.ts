import { formatAmount, formatBytes, formatDuration } from '../core/index.ts'
import type {
  CandidateEvidence,
  Claim,
  DeviceBudget,
  FailureClass,
  Instant,
  JournalRecord,
  LeaveReason,
  ModelName,
  PlanEvidence,
  RecordKind,
  SpareRule,
} from '../core/index.ts'

/** Pieces of sentences that are said of more than one record. All are made of evidence only. */

export type RecordOf<K extends RecordKind> = Extract<JournalRecord, { kind: K }>
export type Eviction = CandidateEvidence['evict'][number]
export type Spared = CandidateEvidence['spared'][number]

/** UTC to the second: the reader's machine may be in another zone than the daemon's. */
export function clock(at: Instant): string {
  return new Date(at).toISOString().replace(/\.\d{3}Z$/, 'Z')
}

/** What an engine or a command said, on one line and without codes that a terminal would obey. */
export function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\s]+/gu, ' ').trim()
}

export function modelOf(record: JournalRecord): ModelName {
  return record.model ?? 'an unknown model'
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`
}

/** `a`, `a and b`, `a, b and c`. */
export function series(items: readonly string[]): string {
  if (items.length < 2) return items[0] ?? ''
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}

/** `4GiB on host (formula)`. */
export function claimsPhrase(claims: readonly Claim[]): string {
  if (claims.length === 0) return 'no memory that is accounted for'
  return series(claims.map(({ device, bytes, origin }) => `${formatAmount(device, bytes)} on ${device} (${origin})`))
}

/** `6GiB on host, where 2GiB were free`. */
export function needPhrase(budgets: readonly DeviceBudget[]): string {
  if (budgets.length === 0) return 'no memory that is accounted for'
  return series(
    budgets.map(
      (budget) => `${formatAmount(budget.device, budget.needed)} on ${budget.device}, where ${freePhrase(budget)} free`,
    ),
  )
}

/** Claims may exceed a device whose reserve was raised, or that others use: then less than nothing is free. */
function freePhrase({ device, free }: DeviceBudget): string {
  if (free > 0) return `${formatAmount(device, free)} were`
  return free === 0 ? 'nothing was' : `nothing was (short by ${formatAmount(device, -free)})`
}

/** The whole arithmetic of a device. */
export function budgetPhrase(budget: DeviceBudget): string {
  const { device, needed, total, reserve, claimed, promised, measuredFree, free } = budget
  const amount = (value: number): string => formatAmount(device, value)
  const measured = measuredFree === null ? 'not measured' : `${amount(measuredFree)} measured free`
  return (
    `${device} is to give ${amount(needed)} and has ${amount(free)} free ` +
    `(${amount(total)} in all, ${amount(reserve)} reserved, ${amount(claimed)} claimed, ` +
    `${amount(promised)} promised, ${measured})`
  )
}

/** `qwen (4GiB, idle 12s, priority normal)`. */
export function evictionPhrase({ model, bytes, idleFor, priority }: Eviction): string {
  return `${model} (${formatBytes(bytes)}, idle ${formatDuration(idleFor)}, priority ${priority})`
}

/** `llama (4GiB, busy)`. */
export function sparedPhrase({ model, bytes, rule, until }: Spared): string {
  return `${model} (${formatBytes(bytes)}, ${SPARED_BECAUSE[rule]}${until === null ? '' : ` until ${clock(until)}`})`
}

/** `llama was spared (busy)`: the short form. */
export function sparedClause(spared: readonly Spared[]): string {
  if (spared.length === 0) return ''
  const named = spared.map(({ model, rule, until }) => {
    const end = until === null ? '' : ` until ${clock(until)}`
    return `${model} was spared (${SPARED_BECAUSE[rule]}${end})`
  })
  return `; ${named.join(', ')}`
}

const SPARED_BECAUSE: Readonly<Record<SpareRule, string>> = Object.freeze({
  pinned: 'pinned or always kept',
  busy: 'busy',
  minimum_residency: 'loaded too recently',
  leaving: 'leaving already',
  starting: 'starting',
  not_needed: 'its memory was not needed',
})

export const VERDICT: Readonly<Record<CandidateEvidence['verdict'], string>> = Object.freeze({
  fits: 'fits',
  fits_after_eviction: 'fits once others have left',
  waits_for_release: 'fits once memory on its way back is there',
  waits_for_idle: 'has to wait for others to be idle',
  never_fits: 'can never fit',
})

export const LEFT_BECAUSE: Readonly<Record<LeaveReason, string>> = Object.freeze({
  ttl_expired: 'its ttl had passed',
  evicted_for: 'another model needed its memory',
  operator: 'an operator asked for it',
  manifest_changed: 'its entry in the manifest changed',
  crashed: 'its engine crashed',
  out_of_memory: 'its engine ran out of memory',
  health_failed: 'its engine stopped answering health checks',
  shutdown: 'the daemon was shutting down',
  upgrade: 'the daemon was being upgraded',
})

export const FAILED_BECAUSE: Readonly<Record<FailureClass, string>> = Object.freeze({
  port_in_use: 'its port was taken',
  gpu_oom: 'it ran out of GPU memory',
  gpu_busy: 'others held the GPU memory that it was to take',
  kv_too_small: 'its memory does not hold one request of its context',
  profiling_race: 'GPU memory changed while it was measured',
  bad_config: 'the engine refused its flags',
  model_missing: 'the engine did not find the weights',
  model_corrupt: 'the engine could not read the weights',
  unsupported: 'the engine does not support the model',
  driver: 'the GPU driver failed',
  host_oom: 'it ran out of host memory',
  engine_dead: 'the engine stopped working',
  unhealthy: 'the engine stopped answering',
  stalled: 'nothing moved any more',
  wrong_identity: 'something else answered at its address',
  less_than_asked: 'the engine serves less than it was asked for',
  spawn_failed: 'its process could not be started',
  weights_failed: 'its weights could not be had',
  exited: 'the engine ended by itself',
})

/** The candidate that a plan is about: the chosen one, or the first of a refusal. */
export function candidateOf(plan: PlanEvidence): CandidateEvidence | undefined {
  return plan.candidates[plan.chosen ?? 0]
}
