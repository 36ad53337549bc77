import type {
  Clock,
  DeviceFacts,
  Effect,
  Gpus,
  Input,
  InstanceId,
  JournalRecord,
  LaunchKey,
  ModelSpec,
  Need,
  Records,
  Sequence,
  Stamp,
  Usage,
} from '../core/index.ts'
import { step, type SchedulerState } from '../scheduler/index.ts'

/** A measured figure that moved by less than this since the scheduler last heard of it is no news. */
const NEWS = 16 * 1024 * 1024

export interface Loop {
  readonly state: SchedulerState
  /** Inputs that came before are taken now; until then they only line up. */
  open(): void
  /** Takes an input; carried out at once, or after the one at work. Returns the records when it was at once. */
  post(input: Input): readonly JournalRecord[]
  /** What the inputs would lead to now, with weights that are needed as `needOf` knows them; changes nothing. */
  preview(inputs: readonly Input[], needOf: (key: LaunchKey, spec: ModelSpec) => Need | null): readonly JournalRecord[]
  /** Journals what no step decided: the daemon's own start and end, leftovers. */
  note(make: (seq: Sequence) => JournalRecord): void
  /** Settles after the first step whose state satisfies the predicate, at once when it does now. */
  until(predicate: (state: SchedulerState) => boolean): Promise<void>
}

export interface LoopParts {
  readonly clock: Clock
  readonly gpus: Gpus
  readonly records: Records
  readonly initial: SchedulerState
  readonly firstSequence: Sequence
  usage(): ReadonlyMap<InstanceId, Usage>
  /** Flips a victim to draining in the turn in which its usage was read. */
  drain(instance: InstanceId): void
  /** Never waits; what comes of it is posted as an input. */
  perform(effect: Effect): void
}

/**
 * The single writer. Inputs are taken one at a time, in order; what an effect posts is taken after all effects of its
 * step. Nothing else changes the scheduler's state.
 */
export function createLoop(parts: LoopParts): Loop {
  const { clock, gpus, records } = parts
  const inbox: Input[] = []
  let state = parts.initial
  let nextSeq = parts.firstSequence
  // Closed: as if one input were at work for ever.
  let running = true
  let told: readonly DeviceFacts[] = []
  let watchers: { readonly predicate: (state: SchedulerState) => boolean; readonly settle: () => void }[] = []

  return {
    get state() {
      return state
    },
    open() {
      running = false
      takeAll()
    },
    post(input) {
      inbox.push(input)
      return takeAll()
    },
    preview,
    note(make) {
      const made = make(nextSeq)
      nextSeq += 1
      records.append([made])
    },
    until(predicate) {
      if (predicate(state)) return Promise.resolve()
      return new Promise((settle) => watchers.push({ predicate, settle }))
    },
  }

  /** Returns the records of the first that was taken; none while another call is at it. */
  function takeAll(): readonly JournalRecord[] {
    if (running) return []
    running = true
    let first: readonly JournalRecord[] | null = null
    try {
      for (let next = inbox.shift(); next !== undefined; next = inbox.shift()) {
        const news = deviceNews()
        if (news !== null) advance({ kind: 'devices', facts: news })
        const made = advance(next)
        first ??= made
      }
    } finally {
      running = false
    }
    return first ?? []
  }

  function advance(input: Input): readonly JournalRecord[] {
    const result = step(state, input, stamp())
    if (result.state.learned !== state.learned) records.writeLearned(result.state.learned)
    state = result.state
    nextSeq += result.records.length
    records.append(result.records)
    for (const effect of result.effects) if (effect.kind === 'stop') parts.drain(effect.instance)
    for (const effect of result.effects) parts.perform(effect)
    const settled = watchers.filter((watcher) => watcher.predicate(state))
    if (settled.length > 0) watchers = watchers.filter((watcher) => !settled.includes(watcher))
    for (const watcher of settled) watcher.settle()
    return result.records
  }

  function preview(
    inputs: readonly Input[],
    needOf: (key: LaunchKey, spec: ModelSpec) => Need | null,
  ): readonly JournalRecord[] {
    const made: JournalRecord[] = []
    const open = [...inputs]
    let last = state
    for (let input = open.shift(); input !== undefined; input = open.shift()) {
      const { state: next, records: led, effects } = step(last, input, stamp(made.length))
      last = next
      made.push(...led)
      for (const effect of effects) {
        const need = effect.kind === 'fetch' ? needOf(effect.key, effect.spec) : null
        if (effect.kind !== 'fetch' || need === null) continue
        const { model, key } = effect
        open.push({ kind: 'weights', model, key, status: { kind: 'present', need } })
      }
    }
    return made
  }

  function stamp(ahead = 0): Stamp {
    return { seq: nextSeq + ahead, at: clock.now(), random: clock.random(), usage: parts.usage() }
  }

  /** Admission is decided by what the devices say now, so the scheduler hears of them before whatever comes next. */
  function deviceNews(): readonly DeviceFacts[] | null {
    const facts = gpus.facts()
    const old = facts.length === told.length && facts.every((each, index) => isOld(each, told[index]))
    if (old) return null
    told = facts
    return facts
  }
}

function isOld(now: DeviceFacts, before: DeviceFacts | undefined): boolean {
  if (before === undefined || now.id !== before.id || now.total !== before.total || now.reserve !== before.reserve)
    return false
  if (now.measuredFree === null || before.measuredFree === null) return now.measuredFree === before.measuredFree
  return Math.abs(now.measuredFree - before.measuredFree) < NEWS
}
