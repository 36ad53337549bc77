import type {
  Admission,
  Effect,
  EngineName,
  Instant,
  Manifest,
  ModelName,
  Need,
  Operation,
  Operations,
  OperatorCommand,
  Sequence,
  View,
  Weights,
} from '../core/index.ts'
import { needOf, type EngineAdapter, type EnginePlaces, type InstanceWorld } from '../engine/index.ts'
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
  readonly manifest: Manifest
  readonly adapters: Readonly<Record<EngineName, EngineAdapter>>
  /** Where engine binaries may be; `configured` comes from the manifest. */
  readonly places: Omit<EnginePlaces, 'configured'>
  /** The part of the daemon's environment that engines may see. */
  readonly environment: Readonly<Record<string, string>>
  readonly firstSequence: Sequence
  readonly version: string
  /** Each line that an engine says, for whoever follows it. */
  onOutput(model: ModelName, line: string): void
}

export interface Supervisor {
  readonly admission: Admission
  readonly operations: Operations
  readonly view: View
  /** Resolves what an earlier daemon left, then begins to serve; what was asked before waits until then. */
  start(): Promise<void>
  /** Running and waiting requests may finish until `deadline`; settles when no instance is left. Later calls hurry. */
  shutdown(deadline: Instant): Promise<void>
}

export function createSupervisor(parts: SupervisorParts): Supervisor {
  const { world, manifest, adapters, weights } = parts
  const { clock, gpus, records } = world
  const prepared = new Map<ModelName, Prepared>()
  let cancelWake = (): void => {}
  let loads = 0
  let serving = false
  let stopped = false

  const instances = createInstances({
    world,
    manifest,
    adapters,
    environment: parts.environment,
    post: (input) => loop.post(input),
    requeue: (model, waiters) => requests.requeue(model, waiters),
    isWatched: (id) => loop.state.watched.has(id),
    onOutput: parts.onOutput,
  })
  const requests = createRequests({
    clock,
    maxQueue: manifest.server.maxQueue,
    post: (input) => loop.post(input),
    stopping: () => loop.state.shutdown !== null,
    bookOf: instances.openBook,
    bookOfInstance: instances.book,
  })
  const loop = createLoop({
    clock,
    gpus,
    records,
    initial: initialState(manifest, clock.now()),
    firstSequence: parts.firstSequence,
    usage: instances.usage,
    drain: instances.close,
    perform,
  })
  const view = createView({
    state: () => loop.state,
    manifest,
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
    operations: {
      view,
      load: (model) => load(model, { kind: 'load', model, request: nextLoad() }),
      unload: (model) => unload({ kind: 'unload', model }),
      unloadAll: () => unload({ kind: 'unload_all' }),
      pin: (model, until) => {
        const made = loop.post({ kind: 'operator', command: { kind: 'pin', model, until } })
        return { records: made, done: load(model, { kind: 'load', model, request: nextLoad() }).done }
      },
      unpin: (model) => ({
        records: loop.post({ kind: 'operator', command: { kind: 'unpin', model } }),
        done: Promise.resolve(),
      }),
      preview: (command) => loop.preview({ kind: 'operator', command }, knownNeed),
    },
    async start() {
      const evidence = { version: parts.version, manifest: manifest.path, models: manifest.models.size }
      loop.note((seq) => ({ seq, at: clock.now(), kind: 'daemon_started', cause: [], evidence }))
      for (const leftover of await resolveLeftovers(world)) {
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

  /** Declared, or as it was when the weights were last looked at; null when only a look would tell. */
  function knownNeed(name: ModelName): Need | null {
    const model = manifest.models.get(name)
    const last = prepared.get(name)
    if (last?.kind === 'ready') return last.need
    return model !== undefined && (model.memory !== null || model.source.length === 0) ? needOf(model, null) : null
  }

  function nextLoad(): string {
    loads += 1
    return `load-${loads}`
  }

  function load(model: ModelName, command: Extract<OperatorCommand, { kind: 'load' }>): Operation {
    const done = requests.awaitLoad(model, command.request)
    return { records: loop.post({ kind: 'operator', command }), done }
  }

  /** Done when those that leave by it are gone, whatever was started since. */
  function unload(command: OperatorCommand): Operation {
    const made = loop.post({ kind: 'operator', command })
    const leaving = made.flatMap((record) => (record.kind === 'stopping' && record.instance ? [record.instance] : []))
    const gone = (state: SchedulerState): boolean =>
      leaving.every((id) => (state.instances.get(id)?.phase ?? 'stuck') === 'stuck')
    return { records: made, done: loop.until(gone) }
  }

  function perform(effect: Effect): void {
    switch (effect.kind) {
      case 'fetch':
        void fetch(effect.model)
        return
      case 'start': {
        const ready = prepared.get(effect.launch.model)
        if (ready?.kind !== 'ready')
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

  async function fetch(name: ModelName): Promise<void> {
    const model = manifest.models.get(name)
    if (model === undefined) throw new RangeError(`weights of ${name}, which is not in the manifest`)
    const places = { ...parts.places, configured: manifest.engines[model.engine]?.path ?? null }
    const result = await prepare(model, adapters[model.engine], places, weights)
    prepared.set(name, result)
    const status =
      result.kind === 'ready'
        ? ({ kind: 'present', need: result.need } as const)
        : ({ kind: 'failed', code: result.code, facts: result.facts, message: result.message } as const)
    loop.post({ kind: 'weights', model: name, status })
  }
}

/** Nothing left that will ever leave: a stuck instance stays stuck. */
function isEmpty(state: SchedulerState): boolean {
  for (const instance of state.instances.values()) if (instance.phase !== 'stuck') return false
  return true
}
