import { HOST, type Claim, type InstanceId, type JournalRecord, type View } from '../../src/core/index.ts'
import { STALENESS_LIMIT } from '../../src/scheduler/index.ts'
import { modelSpec } from '../fixtures/model-spec.ts'
import type { Client } from './clients.ts'
import { LATEST_ANSWER } from './ports.ts'
import { claimed, type Host, type SimProcess } from './host.ts'
import type { Timeline } from './time.ts'

/** From the first rung (nobody holds a lease) to gone or stuck: grace, KILL, release limit, and the ports' own delays. */
const LADDER_CEILING = 4000 + 10_000 + 21_000 + 5 * LATEST_ANSWER
/** From a recovered daemon's start to the end of its last leftover: grace of the default ladder and KILL. */
const RECOVERY_CEILING = 10_000 + 10_000 + 1000
const PLANNED_GRACE = 4000
const START = modelSpec().start

export interface Checker {
  /** After every event. */
  check(): void
  onRecords(records: readonly JournalRecord[]): void
  onSpawn(nonce: string, instance: InstanceId): void
  onDaemon(view: View | null): void
  /** After its recovery: nothing of an earlier daemon may live. */
  onRecovered(daemon: number): void
  onRelease(instance: InstanceId): void
  /** When everything should be over. */
  checkEnd(): void
}

interface Known {
  readonly model: string
  readonly claims: readonly Claim[]
  phase: 'starting' | 'ready' | 'leaving' | 'stuck'
  readyAt: number
  lastRelease: number
  unusedLeavingSince: number | null
}

/**
 * The invariants of the supervisor, judged from the journal, the host and the clients alone: nothing here asks the
 * scheduler what it thinks.
 */
export function createChecker(
  timeline: Timeline,
  host: Host,
  clients: () => readonly Client[],
  ttls: ReadonlyMap<string, number | null>,
  kept: ReadonlySet<string>,
  violation: (id: string, what: string) => void,
): Checker {
  const known = new Map<InstanceId, Known>()
  const failures = new Map<string, number[]>()
  const seen = new Set<SimProcess>()
  let view: View | null = null
  let lastSeq = 0
  let wantedSince = new Map<string, number>()
  /** Kept for now: pinned models, until when. An ended pin stays, as its end is when the TTL could first be due. */
  let pins = new Map<string, number>()

  return { check, onRecords, onSpawn, onDaemon, onRecovered, onRelease, checkEnd }

  function check(): void {
    checkMemory()
    checkLaunches()
    checkLadders()
  }

  /** G1, G2: neither the promises nor the bytes ever exceed a device. */
  function checkMemory(): void {
    for (const device of host.facts()) {
      const held = host.held(device.id) + (host.foreign.get(device.id) ?? 0)
      if (held > device.total) violation('G1', `${device.id} holds ${held} of ${device.total}`)
      let claims = 0
      for (const each of known.values())
        if (each.phase !== 'stuck') claims += claimed({ memory: each.claims }, device.id)
      if (claims > device.total - device.reserve)
        violation('G1', `${device.id} is claimed beyond its usable memory: ${claims}`)
    }
    for (const device of view?.devices() ?? []) {
      const sum = device.claims.reduce((bytes, claim) => bytes + claim.bytes, 0) - device.quarantined
      if (sum > device.total - device.reserve) violation('G1', `${device.id}: the ledger holds ${sum}`)
    }
  }

  /** P4: never two living engines of one model, but for what KILL could not end. */
  function checkLaunches(): void {
    const models = new Set<string>()
    for (const process of host.living()) {
      if (!process.leader || process.signals.some(({ signal }) => signal === 'SIGKILL')) continue
      if (models.has(process.model)) violation('P4', `two engines of ${process.model} live`)
      models.add(process.model)
    }
  }

  /** P6: TERM before KILL, the grace in between, and an end within the ceiling. */
  function checkLadders(): void {
    for (const process of host.processes) {
      const kill = process.signals.find(({ signal }) => signal === 'SIGKILL')
      if (kill === undefined || seen.has(process)) continue
      seen.add(process)
      const term = process.signals.find(({ signal }) => signal === 'SIGTERM')
      const leaderEnded = host.processes.some((other) => other.leader && other.nonce === process.nonce && !other.alive)
      if (term === undefined && process.leader) violation('P6', `KILL without TERM to ${process.instance}`)
      if (process.leader && term !== undefined && kill.at - term.at < PLANNED_GRACE && !leaderEnded)
        violation('P6', `KILL ${kill.at - term.at} ms after TERM to ${process.instance}`)
    }
    for (const [instance, each] of known) {
      if (each.phase !== 'leaving') continue
      const held = clients().some((client) => client.lease?.instance === instance)
      if (held) each.unusedLeavingSince = null
      else each.unusedLeavingSince ??= timeline.now
      if (each.unusedLeavingSince !== null && timeline.now - each.unusedLeavingSince > LADDER_CEILING)
        violation('P6', `${instance} has been leaving for ${timeline.now - each.unusedLeavingSince} ms`)
    }
  }

  function onRecords(records: readonly JournalRecord[]): void {
    for (const record of records) {
      if (record.seq !== lastSeq + 1) violation('J1', `record ${record.seq} after ${lastSeq}`)
      lastSeq = record.seq
      for (const cause of record.cause)
        if (cause >= record.seq) violation('J2', `record ${record.seq} is caused by ${cause}`)
      judge(record)
    }
  }

  function judge(record: JournalRecord): void {
    const { instance = '', model = '' } = record
    const entry = known.get(instance)
    switch (record.kind) {
      case 'wanted':
        if (!wantedSince.has(model)) wantedSince.set(model, record.at)
        return
      case 'operator':
        if (
          'model' in record.evidence.command &&
          (record.evidence.command.kind === 'load' || record.evidence.command.kind === 'pin')
        )
          failures.delete(record.evidence.command.model)
        judgeOperator(record)
        return
      case 'started':
        judgeStart(record)
        known.set(instance, {
          model,
          claims: record.evidence.claims,
          phase: 'starting',
          readyAt: 0,
          lastRelease: 0,
          unusedLeavingSince: null,
        })
        return
      case 'ready':
        wantedSince.delete(model)
        if (entry) Object.assign(entry, { phase: 'ready', readyAt: record.at })
        return
      case 'stopping':
        judgeStop(record)
        if (entry) entry.phase = 'leaving'
        return
      case 'crashed':
        if (record.evidence.during !== 'draining') failures.set(model, [...(failures.get(model) ?? []), record.at])
        if (entry) entry.phase = 'leaving'
        return
      case 'stuck':
        if (entry) entry.phase = 'stuck'
        return
      case 'released':
        known.delete(instance)
        return
      default:
    }
  }

  function judgeOperator({ at, evidence: { command } }: Extract<JournalRecord, { kind: 'operator' }>): void {
    if (command.kind === 'pin') pins.set(command.model, command.until ?? Number.POSITIVE_INFINITY)
    if (command.kind === 'load' && !wantedSince.has(command.model)) wantedSince.set(command.model, at)
    if (command.kind === 'unpin' || command.kind === 'unload')
      pins.set(command.model, Math.min(pins.get(command.model) ?? 0, at))
    if (command.kind === 'unload_all') for (const [model, until] of pins) pins.set(model, Math.min(until, at))
  }

  /** P7: the start limit; G2: the claims of all that live or load, this one included, fit. */
  function judgeStart(record: Extract<JournalRecord, { kind: 'started' }>): void {
    const model = record.model ?? ''
    const { attempts, window } = START
    const recent = (failures.get(model) ?? []).filter((at) => at > record.at - window)
    if (recent.length >= attempts) violation('P7', `${model} is started after ${recent.length} failures in the window`)
    for (const each of known.values())
      if (each.model === model && each.phase !== 'stuck')
        violation('P4', `${model} is started while one is ${each.phase}`)
    for (const device of host.facts()) {
      const needed = claimed({ memory: record.evidence.claims }, device.id)
      if (needed === 0) continue
      let loading = 0
      // One that fails or is stopped while it loads may still be taking its memory.
      for (const each of known.values())
        if (each.readyAt === 0 && each.phase !== 'stuck') loading += claimed({ memory: each.claims }, device.id)
      if (needed + loading > (device.measuredFree ?? 0))
        violation(
          'G2',
          `${model} is started on ${device.id}, which has ${device.measuredFree} free and ${loading} loading`,
        )
    }
  }

  /** R9: a TTL is exact and never while anybody holds or awaits the instance; only a starving load drains a busy one. */
  function judgeStop(record: Extract<JournalRecord, { kind: 'stopping' }>): void {
    const entry = known.get(record.instance ?? '')
    if (entry === undefined) return
    const holders = clients().filter((client) => client.lease?.instance === record.instance).length
    const { why } = record.evidence
    if (why.rule === 'ttl') {
      if (holders > 0) violation('R9', `${record.instance} left by TTL with ${holders} leases`)
      const due = Math.max(
        pins.get(entry.model) ?? 0,
        Math.max(entry.lastRelease, entry.readyAt) + (ttls.get(entry.model) ?? Number.POSITIVE_INFINITY),
      )
      if (record.at !== due) violation('R9', `${record.instance} left by TTL ${record.at - due} ms from its time`)
    }
    if (why.rule === 'eviction' && holders > 0) {
      const waited = record.at - (wantedSince.get(why.for) ?? record.at)
      const standing = kept.has(why.for) || (pins.get(why.for) ?? 0) > record.at || !wantedSince.has(why.for)
      if (!why.starved || (!standing && waited < STALENESS_LIMIT))
        violation('R9', `${record.instance} was evicted with ${holders} leases after ${waited} ms`)
    }
  }

  /** S4: the nonce is on disk before the process is. */
  function onSpawn(nonce: string, instance: InstanceId): void {
    if (host.disk.get(instance)?.identity.nonce !== nonce)
      violation('S4', `${instance} is spawned without its launch record`)
  }

  function onDaemon(next: View | null): void {
    view = next
    if (next === null) {
      known.clear()
      failures.clear()
      wantedSince = new Map()
      pins = new Map()
    }
  }

  function onRecovered(daemon: number): void {
    for (const process of host.living()) {
      if (process.byDaemon >= daemon || process.behaviour.killTakes === null) continue
      const killed = process.signals.find(({ signal }) => signal === 'SIGKILL')
      if (killed === undefined || timeline.now - killed.at < RECOVERY_CEILING - 10_000)
        violation('P2', `${process.instance} of an earlier daemon still lives`)
    }
  }

  function onRelease(instance: InstanceId): void {
    const entry = known.get(instance)
    if (entry) entry.lastRelease = timeline.now
  }

  /** R1: exactly one outcome for everybody. And nothing of ours is left. */
  function checkEnd(): void {
    for (const client of clients()) {
      if (client.outcomes.length !== 1)
        violation('R1', `${client.id} for ${client.model} has ${client.outcomes.length} outcomes`)
    }
    for (const process of host.living()) {
      if (process.behaviour.killTakes !== null)
        violation('P1', `${process.instance} (${process.pid}) outlives the daemon`)
    }
    if (view !== null)
      for (const device of view.devices())
        if (device.id !== HOST && device.claims.length > 0 && device.quarantined === 0)
          violation('G3', `${device.id} is still claimed`)
  }
}
