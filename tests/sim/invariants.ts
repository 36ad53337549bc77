import {
  HOST,
  variantsOf,
  type Claim,
  type InstanceId,
  type JournalRecord,
  type Manifest,
  type ModelSpec,
  type View,
} from '../../src/core/index.ts'
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
/** Two probes 3 s apart, each as late as an answer may be, after one that was on its way. */
const SICK_CEILING = 3 * (3000 + LATEST_ANSWER) + 1000
const START = modelSpec().start
/** Commands that let a model that was given up try again. */
const FORGIVING: ReadonlySet<string> = new Set(['load', 'pin', 'restart'])

export interface Checker {
  /** After every event. */
  check(): void
  onRecords(records: readonly JournalRecord[]): void
  onSpawn(nonce: string, instance: InstanceId): void
  onDaemon(view: View | null): void
  /** After its recovery: nothing of an earlier daemon may live. */
  onRecovered(daemon: number): void
  onRelease(instance: InstanceId): void
  /** Before the daemon is given this manifest, or starts with it. */
  onManifest(manifest: Manifest): void
  /** A request has its outcome. */
  onOutcome(client: Client): void
  /** Long after the last event: what a start with the last manifest would have is all that is left. */
  checkSettled(): void
  /** When everything should be over. */
  checkEnd(): void
}

interface Known {
  readonly model: string
  /** How it was launched, in the words of the manifest. */
  readonly launch: string
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
  violation: (id: string, what: string) => void,
): Checker {
  const known = new Map<InstanceId, Known>()
  const failures = new Map<string, number[]>()
  const seen = new Set<SimProcess>()
  let view: View | null = null
  let lastSeq = 0
  let wantedSince = new Map<string, number>()
  const askedAt = new Map<string, number>()
  const fellBack = new Set<string>()
  /** Kept for now: pinned models, until when. An ended pin stays, as its end is when the TTL could first be due. */
  let pins = new Map<string, number>()
  let manifest: Manifest | null = null
  let told = false
  /** When what the manifest says of a model last changed. */
  const editedAt = new Map<string, number>()
  /** Taken down by an edit alone: nobody may lose an answer by that. */
  const leftByEdit = new Set<InstanceId>()
  /** Models that at some time had a fallback. */
  const accompanied = new Set<string>()

  return { onManifest, onOutcome, check, onRecords, onSpawn, onDaemon, onRecovered, onRelease, checkSettled, checkEnd }

  function check(): void {
    checkMemory()
    checkLaunches()
    checkLadders()
    checkHealth()
    checkManifest()
    checkModels()
    checkRemoved()
  }

  /** M2: what runs or starts is what the manifest says. */
  function checkManifest(): void {
    for (const [instance, { model, launch, phase }] of known) {
      if (phase !== 'starting' && phase !== 'ready') continue
      if (!waysOf(model).includes(launch)) violation('M2', `${instance} is no way to run ${model}`)
    }
  }

  /** P8: an engine that is not healthy any more, and would say so beside its work, is not served from for long. */
  function checkHealth(): void {
    for (const process of host.living()) {
      const { sickSince, instance, model } = process
      if (sickSince === null || known.get(instance)?.phase !== 'ready') continue
      const asked = manifest?.models.get(model)?.args.length ?? 0
      if (asked > 0 && timeline.now - sickSince > SICK_CEILING) violation('P8', `${instance} is sick and still serves`)
    }
  }

  /** M6: whoever waits for a model that an edit removed is told at once, unless a fallback may answer. */
  function checkRemoved(): void {
    if (view === null || manifest === null) return
    for (const { id, model, lease, outcomes } of clients()) {
      if (outcomes.length === 0 && lease === null && !manifest.models.has(model) && !accompanied.has(model))
        violation('M6', `${id} waits for ${model}, which is gone`)
    }
  }

  /** M4: the daemon knows the models of its manifest as it says, in its order, and no others. */
  function checkModels(): void {
    if (told || view === null || manifest === null) return
    told = true
    const models = view.models().map(({ spec }) => spec)
    if (JSON.stringify(models) !== JSON.stringify([...manifest.models.values()]))
      violation('M4', 'the daemon tells of other models than its manifest')
  }

  function waysOf(model: string): readonly string[] {
    const spec = manifest?.models.get(model)
    return spec ? variantsOf(spec).map(launchOf) : []
  }

  function onManifest(next: Manifest): void {
    for (const [name, spec] of next.models) {
      if (spec.fallback !== null) accompanied.add(name)
      if (JSON.stringify(manifest?.models.get(name)) !== JSON.stringify(spec)) editedAt.set(name, timeline.now)
      // Another launch has nothing to do with the failures of the old one.
      const before = waysOf(name)
      const after = variantsOf(spec).map(launchOf)
      if (before.length !== after.length || !after.every((way) => before.includes(way))) failures.delete(name)
    }
    manifest = next
    told = false
  }

  /** F1: a fallback is disclosed. M3: nobody is told that a model is not there which is. M5: an edit costs nobody an answer. */
  function onOutcome({ id, model, outcomes, refusal, lastInstance, undisclosed }: Client): void {
    if (undisclosed) violation('F1', `${id} was not told which model answers`)
    if (refusal === 'model_not_found' && manifest?.models.has(model)) violation('M3', `${model} was not found`)
    if (outcomes[0] === 'engine_lost' && lastInstance !== null && leftByEdit.has(lastInstance))
      violation('M5', `${lastInstance} left by an edit and took a request with it`)
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
      case 'wanted': {
        // A fallback is wanted for as long as the request has waited, for whichever model.
        const { request } = record.evidence
        const since = fellBack.has(request) ? (askedAt.get(request) ?? record.at) : record.at
        if (!fellBack.delete(request)) askedAt.set(request, record.at)
        wantedSince.set(model, Math.min(wantedSince.get(model) ?? since, since))
        return
      }
      case 'fell_back':
        fellBack.add(record.evidence.request)
        return
      case 'operator':
        if ('model' in record.evidence.command && FORGIVING.has(record.evidence.command.kind))
          failures.delete(record.evidence.command.model)
        judgeOperator(record)
        if (record.evidence.command.kind === 'shutdown') leftByEdit.clear()
        return
      case 'started':
        judgeStart(record)
        known.set(instance, {
          model,
          launch: waysOf(model)[record.evidence.variant ?? 0] ?? '',
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
        leftByEdit.delete(instance)
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
    if ((command.kind === 'load' || command.kind === 'restart') && !wantedSince.has(command.model))
      wantedSince.set(command.model, at)
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
    // M1: whose launch the manifest still names keeps its process.
    if (why.rule === 'manifest') {
      leftByEdit.add(record.instance ?? '')
      if (waysOf(entry.model).includes(entry.launch))
        violation('M1', `${record.instance} left although its launch stands`)
    }
    if (why.rule === 'ttl') {
      if (holders > 0) violation('R9', `${record.instance} left by TTL with ${holders} leases`)
      const due = Math.max(
        pins.get(entry.model) ?? 0,
        Math.max(entry.lastRelease, entry.readyAt) +
          (manifest?.models.get(entry.model)?.ttl ?? Number.POSITIVE_INFINITY),
        editedAt.get(entry.model) ?? 0,
      )
      if (record.at !== due) violation('R9', `${record.instance} left by TTL ${record.at - due} ms from its time`)
    }
    if (why.rule === 'eviction' && holders > 0) {
      const waited = record.at - (wantedSince.get(why.for) ?? record.at)
      const keep = manifest?.models.get(why.for)?.keep ?? 'auto'
      const standing = keep !== 'auto' || (pins.get(why.for) ?? 0) > record.at || !wantedSince.has(why.for)
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

  /** M7: nothing lives on what an earlier manifest, or a request that is over, had wanted. */
  function checkSettled(): void {
    for (const { id, keep, pinned, ttl, phase, waiting } of view?.models() ?? []) {
      const mayStay = keep === 'always' || pinned !== null || ttl === null
      if (!mayStay && (phase === 'ready' || phase === 'starting')) violation('M7', `${id} is still ${phase}`)
      if (waiting > 0) violation('M7', `${waiting} requests still wait for ${id}`)
    }
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

/** What a launch is made of, as somebody reads the manifest. */
function launchOf({
  engine,
  source,
  gpus,
  context,
  parallel,
  memory,
  args,
  env,
  command,
  resources,
}: ModelSpec): string {
  return JSON.stringify([engine, source, gpus, context, parallel, memory, args, env, command, resources])
}
