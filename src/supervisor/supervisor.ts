import type {
  Admission,
  Effect,
  Input,
  Instant,
  JournalRecord,
  LaunchKey,
  Manifest,
  ManifestDiff,
  Millis,
  ModelName,
  ModelSpec,
  Need,
  Operation,
  Operations,
  OperatorCommand,
  ReloadPreview,
  Sequence,
  View,
  Weights,
} from '../core/index.ts'
import { adapterFor, needOf, type Adapters, type EnginePlaces, type InstanceWorld } from '../engine/index.ts'
import { initialState, type SchedulerState } from '../scheduler/index.ts'
import { createInstances } from './instances.ts'
import { createLoop } from './loop.ts'
import { prepare, type Prepared } from './prepare.ts'
import { resolveLeftovers } from './recovery.ts'
import { createRequests } from './requests.ts'
import { createView } from './view.ts'

export interface SupervisorParts {
  readonly world: InstanceWorld
  readonly weights: Weights
  /** The one to begin with; a reload may put another in its place. */
  readonly manifest: Manifest
  readonly adapters: Adapters
  /** Where engine binaries may be; `configured` comes from the manifest. */
  readonly places: Omit<EnginePlaces, 'configured' | 'image'>
  /** The part of the daemon's environment that engines may see. */
  readonly environment: Readonly<Record<string, string>>
  readonly firstSequence: Sequence
  /** What loads took, as earlier daemons saw them. */
  readonly learned: ReadonlyMap<LaunchKey, Millis>
  readonly version: string
  /** Each line that an engine says, for whoever follows it. */
  onOutput(model: ModelName, line: string): void
}

export interface Supervisor {
  readonly admission: Admission
  readonly operations: Operations
  readonly view: View
  /** The one in force. */
  readonly manifest: Manifest
  /** Resolves what an earlier daemon left, then begins to serve; what was asked before waits until then. */
  start(): Promise<void>
  /** Running and waiting requests may finish until `deadline`; settles when no instance is left. Later calls hurry. */
  shutdown(deadline: Instant): Promise<void>
}

export function createSupervisor(parts: SupervisorParts): Supervisor {
  const { world, adapters, weights } = parts
  const { clock, gpus, records } = world
  /** As last found, by launch. */
  const prepared = new Map<LaunchKey, Prepared>()
  const manifest = (): Manifest => loop.state.manifest
  let cancelWake = (): void => {}
  let loads = 0
  let serving = false
  let stopped = false

  const instances = createInstances({
    world,
    adapters,
    directory: () => manifest().directory,
    concurrency: ({ model, spec }) => (manifest().models.get(model) ?? spec).concurrency,
    environment: parts.environment,
    caches: `${parts.places.installed}/cache`,
    post: (input) => loop.post(input),
    requeue: (waiters) => requests.requeue(waiters),
    isWatched: (id) => loop.state.watched.has(id),
    onOutput: parts.onOutput,
  })
  const requests = createRequests({
    clock,
    maxQueue: () => manifest().server.maxQueue,
    post: (input) => loop.post(input),
    stopping: () => loop.state.shutdown !== null,
    bookOf: instances.openBook,
    bookOfInstance: instances.book,
  })
  const loop = createLoop({
    clock,
    gpus,
    records,
    initial: initialState(parts.manifest, clock.now(), parts.learned),
    firstSequence: parts.firstSequence,
    usage: instances.usage,
    drain: instances.close,
    perform,
  })
  const view = createView({
    state: () => loop.state,
    adapters,
    instances,
    requests,
    prepared,
    serving: () => serving,
    fetched: weights.fetched,
  })

  return {
    admission: { acquire: requests.acquire },
    view,
    get manifest() {
      return manifest()
    },
    operations: {
      view,
      load: (model) => load(model, { kind: 'load', model, request: nextLoad() }),
      unload: (model) => leaving({ kind: 'operator', command: { kind: 'unload', model } }),
      unloadAll: () => leaving({ kind: 'operator', command: { kind: 'unload_all' } }),
      pin: (model, until) => {
        const made = loop.post({ kind: 'operator', command: { kind: 'pin', model, until } })
        return { records: made, done: load(model, { kind: 'load', model, request: nextLoad() }).done }
      },
      unpin: (model) => ({
        records: loop.post({ kind: 'operator', command: { kind: 'unpin', model } }),
        done: Promise.resolve(),
      }),
      restart: (model) => load(model, { kind: 'restart', model, request: nextLoad() }),
      clearDevice: (device) => ({
        records: loop.post({ kind: 'operator', command: { kind: 'clear', device } }),
        done: Promise.resolve(),
      }),
      reload(next, diff, trigger) {
        const operation = leaving({ kind: 'manifest', next, diff, trigger })
        instances.relimit()
        forgetPrepared()
        return operation
      },
      refuseReload(evidence) {
        loop.note((seq) => ({ seq, at: clock.now(), kind: 'manifest_refused', cause: [], evidence }))
      },
      preview: (command) => loop.preview([{ kind: 'operator', command }], knownNeed),
      previewReload,
    },
    async start() {
      const { path, models } = manifest()
      const evidence = { version: parts.version, manifest: path, models: models.size }
      loop.note((seq) => ({ seq, at: clock.now(), kind: 'daemon_started', cause: [], evidence }))
      for (const leftover of await resolveLeftovers(world, environmentOf)) {
        const { instance, model } = leftover.record
        loop.note((seq) => ({
          seq,
          at: clock.now(),
          kind: 'leftover',
          model,
          instance,
          cause: [],
          evidence: leftover.evidence,
        }))
      }
      gpus.onChange(() => loop.post({ kind: 'woke' }))
      loop.post({ kind: 'woke' })
      loop.open()
      serving = true
    },
    async shutdown(deadline) {
      loop.post({ kind: 'operator', command: { kind: 'shutdown', deadline } })
      await loop.until(isEmpty)
      cancelWake()
      if (stopped || !serving) return
      stopped = true
      const evidence = { deadline: loop.state.shutdown ?? deadline, stuck: loop.state.instances.size }
      loop.note((seq) => ({ seq, at: clock.now(), kind: 'daemon_stopped', cause: [], evidence }))
    },
  }

  function environmentOf(model: ModelName): Readonly<Record<string, string>> {
    return { ...parts.environment, ...manifest().models.get(model)?.env }
  }

  /** Declared, or as it was when the weights were last looked at; null when only a look would tell. */
  function knownNeed(key: LaunchKey, spec: ModelSpec): Need | null {
    const last = prepared.get(key)
    if (last !== undefined) return last.need
    return spec.memory !== null || spec.source.length === 0 ? needOf(spec, null) : null
  }

  function previewReload(next: Manifest, diff: ManifestDiff): ReloadPreview {
    const reload: Input = { kind: 'manifest', next, diff, trigger: 'operator' }
    const records = loop.preview([reload], knownNeed)
    const loads = new Map<ModelName, readonly JournalRecord[]>()
    for (const model of [...diff.added, ...diff.changed.map((change) => change.model)]) {
      const command = { kind: 'load', model, request: 'preview' } as const
      const made = loop.preview([reload, { kind: 'operator', command }], knownNeed)
      loads.set(model, made.slice(records.length))
    }
    return { records, loads }
  }

  function nextLoad(): string {
    loads += 1
    return `load-${loads}`
  }

  function load(model: ModelName, command: Extract<OperatorCommand, { kind: 'load' | 'restart' }>): Operation {
    const done = requests.awaitLoad(model, command.request)
    return { records: loop.post({ kind: 'operator', command }), done }
  }

  /** Done when those that leave by it are gone, whatever was started since. */
  function leaving(input: Input): Operation {
    const made = loop.post(input)
    const ids = made.flatMap((record) => (record.kind === 'stopping' && record.instance ? [record.instance] : []))
    const gone = (state: SchedulerState): boolean =>
      ids.every((id) => (state.instances.get(id)?.phase ?? 'stuck') === 'stuck')
    return { records: made, done: loop.until(gone) }
  }

  function perform(effect: Effect): void {
    switch (effect.kind) {
      case 'fetch':
        void fetch(effect)
        return
      case 'start': {
        const ready = prepared.get(effect.launch.key)
        if (ready === undefined)
          throw new RangeError(`${effect.launch.model} was started before its weights were there`)
        instances.start(effect.launch, ready)
        return
      }
      case 'stop':
        instances.get(effect.instance)?.stop(effect.drain)
        return
      case 'answer':
        requests.settle(effect.request, effect.outcome)
        return
      case 'wake_at':
        cancelWake()
        cancelWake =
          effect.at === null
            ? () => {}
            : clock.after(Math.max(effect.at - clock.now(), 0), () => loop.post({ kind: 'woke' }))
        return
      default:
        effect satisfies never
    }
  }

  async function fetch({ model, spec, key }: Extract<Effect, { kind: 'fetch' }>): Promise<void> {
    const program = manifest().engines[spec.engine]
    const places = { ...parts.places, configured: program?.path ?? null, image: program?.image ?? null }
    const adapter = adapterFor(adapters, spec.engine)
    const result = await prepare(spec, adapter, places, weights, manifest().directory)
    // Models may share a launch: what one of them found stays when another's try fails.
    if (result.kind === 'ready') prepared.set(key, result)
    const status =
      result.kind === 'ready'
        ? ({ kind: 'present', need: result.need } as const)
        : ({ kind: 'failed', code: result.code, facts: result.facts, message: result.message } as const)
    loop.post({ kind: 'weights', model, key, status })
  }

  /** What was looked at for launches that no manifest names now. */
  function forgetPrepared(): void {
    const named = new Set([...loop.state.models.values()].flatMap(({ variants }) => variants.map(({ key }) => key)))
    for (const key of prepared.keys()) if (!named.has(key)) prepared.delete(key)
  }
}

/** Nothing left that will ever leave: a stuck instance stays stuck. */
function isEmpty(state: SchedulerState): boolean {
  for (const instance of state.instances.values()) if (instance.phase !== 'stuck') return false
  return true
}
