import { GIB, HOST, type DeviceFacts, type Manifest, type ModelSpec } from '../../src/core/index.ts'
import { manifestOf, modelSpec } from '../fixtures/model-spec.ts'
import type { Behaviour } from './host.ts'
import type { Random } from './time.ts'

/** At least this much happens in every schedule. */
export const VIRTUAL_SPAN = 60_000
export const LEAST_INPUTS = 150
export const LEAST_FAULTS = 3

export interface Scenario {
  readonly manifest: Manifest
  readonly gpus: number
  readonly devices: readonly Omit<DeviceFacts, 'measuredFree' | 'measuredAt'>[]
  /** Offsets from the start, in order of time. */
  readonly events: readonly { readonly at: number; readonly event: ScenarioEvent }[]
  /** Faults by their place among the launches: the nth launch behaves so. */
  readonly launchFaults: ReadonlyMap<number, Partial<Behaviour>>
  /** A model whose every launch fails while it loads: the start limit must end that. */
  readonly stubborn: string | null
}

export type ScenarioEvent =
  | {
      readonly kind: 'request'
      readonly model: string
      readonly holds: number
      readonly patience: number
      readonly leavesAfter: number | null
      readonly onCold: 'wait' | 'fail'
    }
  | {
      readonly kind: 'operator'
      readonly command: 'load' | 'unload' | 'unload_all' | 'pin' | 'unpin' | 'restart'
      readonly model: string
      readonly for: number
    }
  | { readonly kind: 'kill_engine'; readonly signal: 'SIGKILL' | 'SIGSEGV' }
  | { readonly kind: 'kill_daemon'; readonly downFor: number }
  | {
      readonly kind: 'shutdown'
      readonly deadline: number
      readonly hurryAfter: number | null
      readonly downFor: number
    }
  | { readonly kind: 'foreign_memory'; readonly bytes: number; readonly lasts: number }
  /** The manifest is edited, and read again by the daemon that runs. */
  | { readonly kind: 'edit'; readonly seed: number }

export function makeScenario(random: Random): Scenario {
  const gpus = random.chance(0.4) ? random.int(1, 3) : 0
  const devices = [
    { id: HOST, kind: 'host' as const, index: 0, name: 'host', total: 32 * GIB, reserve: 6 * GIB },
    ...Array.from({ length: gpus }, (_, index) => ({
      id: `GPU-${index}`,
      kind: 'gpu' as const,
      index,
      name: 'sim',
      total: 24 * GIB,
      reserve: GIB,
    })),
  ]
  const models = linkFallbacks(
    random,
    Array.from({ length: random.int(3, 6) }, (_, index) => makeModel(random, `m${index}`, gpus)),
  )
  const names = models.map((model) => model.name)
  return {
    manifest: manifestOf(models, { memory: { reserve: GIB, host: { share: 0.8 }, resources: { licence: 2 } } }),
    gpus,
    devices,
    events: makeEvents(random, names),
    launchFaults: makeLaunchFaults(random),
    stubborn: random.chance(0.15) ? random.pick(names) : null,
  }
}

export function makeModel(random: Random, name: string, gpus: number): ModelSpec {
  const keep = random.chance(0.12) ? 'always' : random.chance(0.15) ? 'preload' : 'auto'
  const own = modelSpec({
    ...makeLaunch(random, gpus),
    name,
    engine: 'command',
    command: ['engine'],
    concurrency: random.int(1, 4),
    ttl: keep === 'always' ? null : random.pick([0, 1000, 5000, 20_000, null]),
    keep,
    priority: random.pick(['low', 'normal', 'normal', 'high']),
    args: random.chance(0.5) ? [['guarded', true]] : [],
    minResidency: random.pick([null, null, 0, 3000]),
    resources: random.chance(0.2) ? { licence: random.int(1, 2) } : {},
  })
  const variants = random.chance(0.25)
    ? Array.from({ length: random.int(1, 2) }, () => makeVariant(random, own, gpus))
    : []
  return { ...own, variants }
}

/** Of a size of its own: two ways of one model are never the same. */
export function makeVariant(random: Random, own: ModelSpec, gpus: number): ModelSpec {
  return { ...own, ...makeLaunch(random, gpus), context: random.int(1, 1_000_000), variants: [] }
}

function makeLaunch(random: Random, gpus: number): Pick<ModelSpec, 'gpus' | 'memory'> {
  const onGpu = gpus > 0 && random.chance(0.6)
  const size = random.int(2, 14) * GIB
  return {
    gpus: !onGpu
      ? { kind: 'none' }
      : random.chance(0.3)
        ? { kind: 'count', count: random.int(1, gpus) }
        : random.chance(0.3)
          ? { kind: 'list', gpus: [random.int(0, gpus - 1)] }
          : { kind: 'any' },
    memory: onGpu
      ? { device: random.chance(0.1) ? 'all' : size, host: random.chance(0.5) ? GIB : 0 }
      : { device: 0, host: random.chance(0.04) ? 64 * GIB : size },
  }
}

/** Each only to a later one, so that there is no cycle. */
export function linkFallbacks(random: Random, models: readonly ModelSpec[]): readonly ModelSpec[] {
  return models.map((model, index) => {
    const later = models.slice(index + 1)
    return { ...model, fallback: later.length > 0 && random.chance(0.2) ? random.pick(later).name : null }
  })
}

function makeEvents(random: Random, names: readonly string[]): Scenario['events'] {
  const events: { at: number; event: ScenarioEvent }[] = []
  const add = (event: ScenarioEvent): void => void events.push({ at: random.int(0, VIRTUAL_SPAN), event })
  const operatorCommands = ['load', 'unload', 'pin', 'unpin', 'unload', 'load', 'unload_all', 'restart'] as const
  for (let count = random.int(LEAST_INPUTS, LEAST_INPUTS + 60); count > 0; count -= 1) {
    if (random.chance(0.06)) {
      add({
        kind: 'operator',
        command: random.pick(operatorCommands),
        model: random.pick(names),
        for: random.int(1000, 20_000),
      })
      continue
    }
    add({
      kind: 'request',
      model: random.pick(names),
      holds: random.chance(0.1) ? random.int(5000, 30_000) : random.int(1, 800),
      patience: random.chance(0.2) ? random.int(1, 3000) : 1_000_000,
      leavesAfter: random.chance(0.1) ? random.int(0, 500) : null,
      onCold: random.chance(0.05) ? 'fail' : 'wait',
    })
  }
  // A burst, so that many first requests meet one cold model at once.
  const burst = random.int(0, VIRTUAL_SPAN)
  const model = random.pick(names)
  for (let count = random.int(2, 12); count > 0; count -= 1) {
    events.push({
      at: burst,
      event: {
        kind: 'request',
        model,
        holds: random.int(1, 400),
        patience: 1_000_000,
        leavesAfter: null,
        onCold: 'wait',
      },
    })
  }
  for (let count = random.int(1, 4); count > 0; count -= 1)
    add({ kind: 'kill_engine', signal: random.pick(['SIGKILL', 'SIGSEGV']) })
  if (random.chance(0.35)) add({ kind: 'kill_daemon', downFor: random.int(1, 3000) })
  if (random.chance(0.25)) {
    add({
      kind: 'shutdown',
      deadline: random.int(0, 8000),
      hurryAfter: random.chance(0.4) ? random.int(0, 4000) : null,
      downFor: random.int(1, 2000),
    })
  }
  if (random.chance(0.5))
    for (let count = random.int(1, 10); count > 0; count -= 1) add({ kind: 'edit', seed: random.int(0, 2 ** 31) })
  if (random.chance(0.3))
    add({ kind: 'foreign_memory', bytes: random.int(1, 16) * GIB, lasts: random.int(500, 20_000) })
  return events.toSorted((a, b) => a.at - b.at)
}

/** Together with the killed engine, no schedule has fewer than LEAST_FAULTS. */
function makeLaunchFaults(random: Random): ReadonlyMap<number, Partial<Behaviour>> {
  const faults = new Map<number, Partial<Behaviour>>()
  const count = random.int(LEAST_FAULTS - 1, 8)
  while (faults.size < count) faults.set(random.int(0, 14), makeLaunchFault(random))
  return faults
}

function makeLaunchFault(random: Random): Partial<Behaviour> {
  return random.pick<() => Partial<Behaviour>>([
    () => ({ crash: { when: 'loading', after: random.int(1, 2000), exit: { code: 1, signal: null } } }),
    () => ({ crash: { when: 'loading', after: random.int(1, 300), exit: { code: 2, signal: null } } }),
    () => ({ crash: { when: 'ready', after: random.int(0, 3000), exit: { code: 0, signal: null } } }),
    () => ({ crash: { when: 'ready', after: random.int(0, 20), exit: { code: null, signal: 'SIGABRT' } } }),
    () => ({ hangs: true }),
    () => ({ readyAfter: random.int(5000, 20_000) }),
    () => ({ spawnFails: true }),
    () => ({ foreignSocket: true }),
    () => ({ termTakes: random.int(2000, 7000) }),
    () => ({ termTakes: null }),
    () => ({ termTakes: null, killTakes: random.int(500, 8000) }),
    () => ({ termTakes: null, killTakes: random.chance(0.3) ? null : 100 }),
    () => ({ sickAfter: random.int(0, 20_000) }),
    () => ({ sickAfter: random.int(0, 500) }),
    () => ({ orphan: true }),
    () => ({ orphan: true, termTakes: null }),
    () => ({ releaseLag: random.int(500, 6000) }),
    () => ({ releaseLag: random.chance(0.3) ? 30_000 : 3000 }),
  ])()
}

export function ordinaryBehaviour(random: Random): Behaviour {
  return {
    readyAfter: random.chance(0.2) ? random.int(1000, 4000) : random.int(20, 900),
    crash: null,
    hangs: false,
    spawnFails: false,
    foreignSocket: false,
    termTakes: random.int(1, 200),
    killTakes: random.int(1, 20),
    sickAfter: null,
    orphan: false,
    releaseLag: random.int(0, 300),
  }
}
