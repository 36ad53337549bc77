import { formatBytes, formatDuration, HOST, nextOf } from '../core/index.ts'
import type {
  Bytes,
  CandidateEvidence,
  DeviceBudget,
  DeviceId,
  Evidence,
  FailureClass,
  Millis,
  ModelName,
} from '../core/index.ts'
import { clock, FAILED_BECAUSE } from './phrases.ts'
import type { Spared } from './phrases.ts'

/** What an operator or a client could do, made of the same evidence as the sentence that it follows. */

export function adviceForTtl(model: ModelName, ttl: Millis): readonly string[] {
  return [`set a ttl longer than ${formatDuration(ttl)} for ${model}`, `pin ${model}, or set keep: always for it`]
}

export function adviceForEviction(eviction: {
  readonly model: ModelName
  readonly for: ModelName
  readonly candidate: CandidateEvidence | undefined
}): readonly string[] {
  const short = eviction.candidate?.devices.filter((budget) => budget.free < budget.needed) ?? []
  return [
    ...short.map((budget) => moreRoom(budget, [eviction.for, eviction.model])),
    `pin ${eviction.model}, or set keep: always for it`,
  ]
}

/**
 * For a model that waits or cannot be placed. `largest`: what the device could give if all that may leave had left;
 * null when that is not the question.
 */
export function adviceForMemory(
  candidate: CandidateEvidence,
  model: ModelName,
  largest: Bytes | null = null,
): readonly string[] {
  const short = candidate.devices
    .map((budget) => (largest === null ? budget : { ...budget, free: Math.max(budget.free, largest) }))
    .filter((budget) => budget.free < budget.needed)
  return [
    ...short.map((budget) => moreRoom(budget, [model])),
    ...candidate.spared.flatMap((spared) => adviceForSpared(spared)),
  ]
}

/** `needed - free` is what is missing; which knob gives it depends on which of the two ledgers was the worse. */
function moreRoom(budget: DeviceBudget, models: readonly ModelName[]): string {
  const { device, needed, free, total, reserve, claimed, promised } = budget
  const missing = formatBytes(needed - free)
  const lower = `lower memory, context or parallel of ${models.join(' or ')} by at least ${missing} on ${device}`
  const byClaims = total - reserve - claimed - promised
  if (free < Math.min(byClaims, needed))
    return `end other programs that hold memory on ${device} (${missing} were missing), or ${lower}`
  if (device === HOST && needed - free <= reserve) return `raise memory.host by at least ${missing}, or ${lower}`
  return `${lower}, or use a device with more than ${formatBytes(total)}`
}

function adviceForSpared({ model, rule, until }: Spared): readonly string[] {
  const end = until === null ? '' : ` (until ${clock(until)})`
  switch (rule) {
    case 'pinned':
      return [`unpin ${model}${end}, or set keep: auto for it`]
    case 'busy':
      return [`wait until the requests of ${model} have ended`]
    case 'minimum_residency':
      return [`wait until ${model} may leave${end}`]
    case 'starting':
      return [`wait until ${model} has started and is idle`]
    case 'leaving':
    case 'not_needed':
      return []
    default:
      return rule satisfies never
  }
}

export function adviceForRefusal(answer: Extract<Evidence['answered'], { outcome: 'refused' }>): readonly string[] {
  return [nextOf(answer.code, answer.facts)]
}

export function adviceForStuck(devices: readonly DeviceId[]): readonly string[] {
  return [`end what still holds memory on ${devices.join(', ') || 'the device'}, then restart the daemon`]
}

const FAILURE_ADVICE: Readonly<Record<FailureClass, string>> = Object.freeze({
  port_in_use: 'end the program that took the port',
  gpu_oom: 'lower its context or parallel, or declare more memory for it',
  gpu_busy: 'end what else holds GPU memory there, or use another GPU',
  kv_too_small: 'lower its context to what its message says, or declare more memory for it',
  profiling_race: 'start nothing else on its GPU while it loads',
  bad_config: 'correct its args',
  model_missing: 'correct its source',
  model_corrupt: 'replace the weights',
  unsupported: 'use a newer engine, or another model',
  driver: 'see the GPU driver',
  host_oom: 'lower its context or parallel, or declare more host memory for it',
  engine_dead: 'see the end of its log',
  unhealthy: 'see the end of its log; raise timeouts of the model if it only works slowly',
  stalled: 'see the end of its log; it has to listen where it is told to',
  wrong_identity: 'end the program that answers at its address',
  less_than_asked: 'ask for what its message says that it serves, or mend what keeps it from more',
  spawn_failed: 'check that the engine can be run by this user',
  weights_failed: 'correct its source or what it needs',
  exited: 'see the end of its log; it has to stay in the foreground',
})

/** Why an engine ended and what can be done, for a class that stands in a record; null for another word. */
export function describeFailure(word: string): { readonly because: string; readonly advice: string } | null {
  const known = Object.keys(FAILURE_ADVICE).find((failure): failure is FailureClass => failure === word)
  return known === undefined ? null : { because: FAILED_BECAUSE[known], advice: FAILURE_ADVICE[known] }
}

export function adviceForFailure(failure: FailureClass, model: ModelName): readonly string[] {
  return [`${FAILURE_ADVICE[failure]} (${failure})`, `\`enginehouse load ${model}\` tries again at once`]
}
