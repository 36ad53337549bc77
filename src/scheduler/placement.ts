import {
  deviceLabel,
  isResource,
  type Bytes,
  type CandidateEvidence,
  type Claim,
  type DeviceBudget,
  type DeviceFacts,
  type DeviceId,
  type Instant,
  type ModelName,
  type Need,
  type PlanEvidence,
  type SpareRule,
} from '../core/index.ts'
import { cheapestSet, shortfallsOf, type Candidate } from './eviction.ts'
import { budget, claimOn, largestPossible, leavingOn, type Promises } from './ledger.ts'
import { describeRequest, gpusAmong, placementsFor } from './candidates.ts'
import { isKept, type InstanceState, type ModelState, type VariantState } from './state.ts'
import { isIdle, lastUse, type Turn } from './turn.ts'

/** What is to be done about one wanted model, decided whole: act only when all of it can be. */
export type Plan =
  | {
      readonly kind: 'start'
      readonly way: Way
      readonly claims: readonly Claim[]
      readonly evidence: PlanEvidence
    }
  | {
      readonly kind: 'evict'
      readonly victims: readonly Candidate[]
      readonly claims: readonly Claim[]
      readonly evidence: PlanEvidence
    }
  /** Memory is on its way back, or its holders are busy or too fresh: `watch` and `until` say what may change that. */
  | {
      readonly kind: 'wait'
      /** It comes back anyway: nothing has to be given up for it. */
      readonly released: boolean
      readonly claims: readonly Claim[]
      readonly watch: readonly InstanceState['id'][]
      readonly until: Instant | null
      readonly evidence: PlanEvidence
    }
  | {
      readonly kind: 'refuse'
      readonly device: DeviceFacts
      readonly needed: Bytes
      readonly largest: Bytes
      readonly evidence: PlanEvidence
    }
  | { readonly kind: 'no_device'; readonly wanted: string; readonly there: readonly string[] }

/** One way to run the model whose weights are there. */
export interface Way {
  /** Its place among the model's ways. */
  readonly variant: number
  readonly state: VariantState
  readonly need: Need
}

interface Weighed {
  readonly way: Way
  readonly claims: readonly Claim[]
  readonly evidence: CandidateEvidence
  readonly victims: readonly Candidate[]
  readonly watch: readonly InstanceState['id'][]
  readonly until: Instant | null
}

const PREFERENCE = ['fits', 'waits_for_release', 'fits_after_eviction', 'waits_for_idle', 'never_fits'] as const

/**
 * Weighs every placement that the model may have and takes the best: one that fits now, else one whose memory is
 * coming back anyway, else the cheapest eviction, else one that a busy or fresh resident holds. A way to run the model
 * is left for the next one only when memory is short: when it would have to wait for others, or could never fit.
 * `starved`: the model has waited past the staleness limit, so busy residents count as candidates too.
 */
export function plan(turn: Turn, ways: readonly Way[], promises: Promises, starved: boolean): Plan {
  const weighed: Weighed[] = []
  const bests: Weighed[] = []
  for (const way of ways) {
    const options = placementsFor([...turn.devices.values()], way.state.spec, way.need).map((claims) =>
      weigh(turn, way, claims, promises, starved),
    )
    weighed.push(...options)
    const option = best(options)
    if (option !== undefined) bests.push(option)
    if (option !== undefined && !isShort(option)) break
  }
  const option = bests.find((each) => !isShort(each)) ?? bests.find(mayFit) ?? bests[0]
  if (option === undefined) {
    return {
      kind: 'no_device',
      wanted: ways.map((way) => describeRequest(way.state.spec.gpus)).join(', or '),
      there: gpusAmong([...turn.devices.values()]).map(deviceLabel),
    }
  }
  const evidence = (action: PlanEvidence['action']): PlanEvidence => ({
    action,
    candidates: weighed.map((each) => each.evidence),
    chosen: action === 'refuse' ? null : weighed.indexOf(option),
  })
  switch (option.evidence.verdict) {
    case 'fits':
      return { kind: 'start', way: option.way, claims: option.claims, evidence: evidence('start') }
    case 'fits_after_eviction':
      return { kind: 'evict', victims: option.victims, claims: option.claims, evidence: evidence('evict') }
    case 'waits_for_release':
    case 'waits_for_idle':
      return {
        kind: 'wait',
        released: option.evidence.verdict === 'waits_for_release',
        claims: option.claims,
        watch: option.watch,
        until: option.until,
        evidence: evidence('wait'),
      }
    case 'never_fits':
      return { kind: 'refuse', ...tightest(turn, option.claims), evidence: evidence('refuse') }
    default:
      return option.evidence.verdict satisfies never
  }
}

function isShort({ evidence }: Weighed): boolean {
  return evidence.verdict === 'waits_for_idle' || evidence.verdict === 'never_fits'
}

function mayFit({ evidence }: Weighed): boolean {
  return evidence.verdict !== 'never_fits'
}

function weigh(turn: Turn, way: Way, claims: readonly Claim[], promises: Promises, starved: boolean): Weighed {
  const wanted = way.state.spec.name
  const devices = claims.map((claim) => budget(turn, factsOf(turn, claim.device), claim.bytes, promises))
  const leaving = (device: DeviceId): Bytes => leavingOn(turn, device)
  const shortNow = shortfallsOf(devices, () => 0)
  if (shortNow.size === 0) return verdict('fits')
  const shortAfterRelease = shortfallsOf(devices, leaving)
  if (shortAfterRelease.size === 0) return verdict('waits_for_release')
  if (claims.some((claim) => claim.bytes > largestPossible(turn, factsOf(turn, claim.device))))
    return verdict('never_fits')

  const residents = residentsOn(turn, wanted, shortAfterRelease)
  const free = residents.filter(
    ({ rule, candidate }) =>
      // Whoever was answered in this turn has not taken its lease yet, and must find the door open.
      rule === null || (starved && rule === 'busy' && !turn.granted.has(candidate.instance.id)),
  )
  const victims = cheapestSet(
    free.map((resident) => resident.candidate),
    shortAfterRelease,
  )
  if (victims) return verdict('fits_after_eviction', victims)
  const movable = residents.filter((resident) => resident.rule !== 'pinned')
  return verdict('waits_for_idle', [], movable)

  function verdict(
    kind: CandidateEvidence['verdict'],
    chosenVictims: readonly Candidate[] = [],
    blockers: readonly Resident[] = [],
  ): Weighed {
    const untils = blockers.flatMap((blocker) => (blocker.until === null ? [] : [blocker.until]))
    return {
      way,
      claims,
      victims: chosenVictims,
      watch: blockers.filter((blocker) => blocker.rule === 'busy').map((blocker) => blocker.candidate.instance.id),
      until: untils.length === 0 ? null : Math.min(...untils),
      evidence: {
        variant: way.variant,
        devices,
        evict: chosenVictims.map((victim) => ({
          model: victim.instance.model,
          instance: victim.instance.id,
          bytes: claimsOn(victim.instance, claims),
          idleFor: turn.at - victim.lastUse,
          priority: victim.priority,
        })),
        spared: sparedOn(turn, wanted, claims, chosenVictims),
        verdict: kind,
      },
    }
  }
}

interface Resident {
  readonly candidate: Candidate
  /** Null: it may be evicted now. */
  readonly rule: SpareRule | null
  /** When `minimum_residency` ends. */
  readonly until: Instant | null
}

/** Everyone else who holds memory on these devices, with the rule that protects them. */
function residentsOn(turn: Turn, wanted: ModelName, devices: ReadonlyMap<DeviceId, unknown>): readonly Resident[] {
  const residents: Resident[] = []
  for (const instance of turn.instances.values()) {
    if (
      instance.model === wanted ||
      instance.phase === 'leaving' ||
      instance.phase === 'failed' ||
      instance.phase === 'stuck'
    )
      continue
    if (![...devices.keys()].some((device) => claimOn(instance, device) > 0)) continue
    const model = turn.models.get(instance.model)
    if (model === undefined) continue
    const reload = turn.learned.get(instance.key) ?? 0
    const candidate = { instance, priority: model.spec.priority, reload, lastUse: lastUse(turn, instance) }
    residents.push({ candidate, ...protection(turn, instance, model) })
  }
  return residents
}

/** A new resident is kept for as long as its load takes, or two models would do nothing but load. */
function protection(
  turn: Turn,
  instance: InstanceState,
  model: ModelState,
): { rule: SpareRule | null; until: Instant | null } {
  if (isKept(model)) return { rule: 'pinned', until: null }
  if (instance.phase === 'starting') return { rule: 'starting', until: null }
  const residency = model.spec.minResidency ?? turn.learned.get(instance.key) ?? 0
  const residentUntil = (instance.readyAt ?? turn.at) + residency
  if (turn.at < residentUntil) return { rule: 'minimum_residency', until: residentUntil }
  if (!isIdle(turn, instance)) return { rule: 'busy', until: null }
  return { rule: null, until: null }
}

function sparedOn(
  turn: Turn,
  wanted: ModelName,
  claims: readonly Claim[],
  victims: readonly Candidate[],
): CandidateEvidence['spared'] {
  const chosen = new Set(victims.map((victim) => victim.instance.id))
  const spared: CandidateEvidence['spared'][number][] = []
  for (const instance of turn.instances.values()) {
    const bytes = claimsOn(instance, claims)
    if (
      chosen.has(instance.id) ||
      instance.model === wanted ||
      !claims.some(({ device }) => claimOn(instance, device) > 0)
    )
      continue
    const model = turn.models.get(instance.model)
    const { rule, until } =
      instance.phase === 'leaving' || instance.phase === 'failed' || instance.phase === 'stuck' || model === undefined
        ? { rule: 'leaving' as const, until: null }
        : protection(turn, instance, model)
    spared.push({ model: instance.model, instance: instance.id, bytes, rule: rule ?? 'not_needed', until })
  }
  return spared
}

function claimsOn(instance: InstanceState, claims: readonly Claim[]): Bytes {
  return claims.reduce((sum, { device }) => sum + (isResource(device) ? 0 : claimOn(instance, device)), 0)
}

/** The first of the best verdict; among those that fit, the tightest, so that large gaps stay whole. */
function best(weighed: readonly Weighed[]): Weighed | undefined {
  return weighed.toSorted(compare)[0]
}

function compare(a: Weighed, b: Weighed): number {
  const byVerdict = PREFERENCE.indexOf(a.evidence.verdict) - PREFERENCE.indexOf(b.evidence.verdict)
  if (byVerdict !== 0) return byVerdict
  if (a.evidence.verdict === 'fits_after_eviction') return a.victims.length - b.victims.length
  return slack(a.evidence.devices) - slack(b.evidence.devices)
}

function slack(devices: readonly DeviceBudget[]): Bytes {
  return devices.reduce((sum, device) => sum + Math.abs(device.free - device.needed), 0)
}

/** The device that misses the most of what the placement needs of it. */
function tightest(turn: Turn, claims: readonly Claim[]): { device: DeviceFacts; needed: Bytes; largest: Bytes } {
  const sorted = claims
    .map((claim) => {
      const device = factsOf(turn, claim.device)
      return { device, needed: claim.bytes, largest: largestPossible(turn, device) }
    })
    .toSorted((a, b) => b.needed - b.largest - (a.needed - a.largest))
  const worst = sorted[0]
  if (worst === undefined) throw new RangeError('a placement without a claim cannot lack memory')
  return worst
}

function factsOf(turn: Turn, device: DeviceId): DeviceFacts {
  const facts = turn.devices.get(device)
  if (facts === undefined) throw new RangeError(`no facts of device ${device}`)
  return facts
}
