import {
  GIB,
  HOST,
  type Bytes,
  type DeviceFacts,
  type Effect,
  type FailureClass,
  type Input,
  type InstanceId,
  type JournalRecord,
  type LaunchKey,
  type Manifest,
  type ModelSpec,
  type RecordKind,
  type Usage,
} from '../../../src/core/index.ts'
import { initialState, instanceOf, step, type SchedulerState } from '../../../src/scheduler/index.ts'
import { manifestOf, modelSpec } from '../../fixtures/model-spec.ts'

export const START = 1_700_000_000_000

/** A model that needs `host` bytes of the host, with whatever else the test is about. */
export function model(name: string, host: Bytes, fields: Partial<ModelSpec> = {}): ModelSpec {
  return modelSpec({ name, engine: 'command', command: ['engine'], memory: { device: 0, host }, ...fields })
}

export function hostOf(total: Bytes, measuredFree: Bytes | null = total): DeviceFacts {
  return { id: HOST, kind: 'host', index: 0, name: 'host', total, reserve: 0, measuredFree, measuredAt: START }
}

export function gpuOf(index: number, total: Bytes, reserve: Bytes = GIB): DeviceFacts {
  return { id: `GPU-${index}`, kind: 'gpu', index, name: 'gpu', total, reserve, measuredFree: total, measuredAt: START }
}

/** The scheduler by hand: inputs in, effects and records out, the usage as the test says. */
export class Drive {
  state: SchedulerState
  at = START
  random = 0.5
  effects: readonly Effect[] = []
  /** Of every input, in order. */
  readonly all: Effect[] = []
  readonly records: JournalRecord[] = []
  readonly usage = new Map<InstanceId, Usage>()
  #requests = 0

  constructor(wanted: Manifest | readonly ModelSpec[], devices: readonly DeviceFacts[]) {
    this.state = initialState('models' in wanted ? wanted : manifestOf(wanted), START)
    // What the manifest keeps is wanted from the first input on.
    this.present(this.input({ kind: 'devices', facts: devices }))
  }

  input(input: Input): readonly Effect[] {
    const stamp = { seq: this.records.length + 1, at: this.at, random: this.random, usage: this.usage }
    const result = step(this.state, input, stamp)
    this.state = result.state
    this.effects = result.effects
    this.all.push(...result.effects)
    this.records.push(...result.records)
    return result.effects
  }

  /** A request for the model; its weights are present as soon as they are asked for. Returns the request's id. */
  want(name: string, onCold: 'wait' | 'fail' = 'wait'): string {
    this.#requests += 1
    const request = `r${this.#requests}`
    const asked = this.input({ kind: 'wanted', model: name, request, onCold })
    this.present(asked)
    return request
  }

  /** Answers fetches with what the manifest declares. */
  present(effects: readonly Effect[] = this.effects): void {
    for (const effect of effects) {
      if (effect.kind !== 'fetch') continue
      const { memory } = effect.spec
      const gpus = effect.spec.gpus.kind !== 'none'
      const need = { perGpu: gpus ? (memory?.device ?? 0) : null, host: memory?.host ?? 0, origin: 'declared' } as const
      this.present(
        this.input({ kind: 'weights', model: effect.model, key: effect.key, status: { kind: 'present', need } }),
      )
    }
  }

  /** The launch key of the nth way to run the model. */
  key(name: string, variant = 0): LaunchKey {
    return this.state.models.get(name)?.variants[variant]?.key ?? ''
  }

  /** The model loaded by a request, ready after `took` ms, and idle. Returns its instance. */
  load(name: string, took = 1000): InstanceId {
    this.want(name)
    const instance = this.instance(name)
    this.at += took
    this.input({ kind: 'ready', instance })
    this.use(instance, 0)
    return instance
  }

  use(instance: InstanceId, leases: number, waiting = 0): void {
    this.usage.set(instance, { leases, waiting, broken: 0, lastByteAt: this.at })
  }

  instance(name: string): InstanceId {
    const found = instanceOf(this.state, name)
    if (found === undefined) throw new Error(`${name} has no instance`)
    return found.id
  }

  phase(name: string): string {
    return instanceOf(this.state, name)?.phase ?? 'absent'
  }

  crash(instance: InstanceId, failure: FailureClass = 'exited'): void {
    this.input({
      kind: 'exited',
      instance,
      class: failure,
      detail: { message: 'it ended', code: 1, signal: null, logTail: ['last words'] },
    })
    this.input({ kind: 'released', instance })
    this.present()
  }

  of<K extends Effect['kind']>(kind: K): readonly Extract<Effect, { kind: K }>[] {
    return this.effects.filter((effect): effect is Extract<Effect, { kind: K }> => effect.kind === kind)
  }

  last<K extends RecordKind>(kind: K): Extract<JournalRecord, { kind: K }> {
    const found = this.records.findLast((record): record is Extract<JournalRecord, { kind: K }> => record.kind === kind)
    if (found === undefined) throw new Error(`no ${kind} was recorded`)
    return found
  }

  count(kind: RecordKind): number {
    return this.records.filter((record) => record.kind === kind).length
  }

  wakeAt(): number | null {
    return this.state.wakeAt
  }
}
