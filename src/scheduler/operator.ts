import type { DeviceId, Instant, ModelName, OperatorCommand, Sequence } from '../core/index.ts'
import { forgiven } from './failures.ts'
import { UNLOAD_DRAIN } from './limits.ts'
import { instanceOf, type ModelState, type Waiter } from './state.ts'
import { answerAll, record, stopInstance, updateInstance, updateModel, type Turn } from './turn.ts'

/** Commands are decisions of people: they are carried out, not weighed. */
export function operator(turn: Turn, command: OperatorCommand): void {
  const cause = record(turn, 'operator', 'model' in command ? { model: command.model } : {}, { command })
  switch (command.kind) {
    case 'load': {
      const model = turn.models.get(command.model)
      if (model === undefined) return
      turn.waiters.push(loadWaiter(turn, command))
      updateModel(turn, command.model, {
        ...forgiven(model),
        because: cause,
        standing: suspendedOnly(model, turn.at),
      })
      return
    }
    case 'restart':
      return restart(turn, command, cause)
    case 'unload':
      return unload(turn, command.model, cause)
    case 'unload_all':
      for (const name of turn.models.keys()) unload(turn, name, cause)
      return
    case 'pin': {
      const model = turn.models.get(command.model)
      if (model === undefined) return
      updateModel(turn, command.model, {
        ...forgiven(model),
        pinned: { until: command.until },
        standing: { kind: 'kept', since: turn.at },
        because: cause,
      })
      return
    }
    case 'unpin': {
      const model = turn.models.get(command.model)
      if (model !== undefined)
        updateModel(turn, command.model, {
          pinned: null,
          standing: model.spec.keep === 'always' ? model.standing : null,
          because: cause,
        })
      return
    }
    case 'clear':
      return clear(turn, command.device, cause)
    case 'shutdown':
      return shutdown(turn, command.deadline)
    default:
      command satisfies never
  }
}

/** A kept model that an operator unloaded is kept again from its next load on. */
function suspendedOnly(model: ModelState, at: Instant): ModelState['standing'] {
  return model.spec.keep === 'always' && model.standing === null ? { kind: 'kept', since: at } : model.standing
}

/** Requests that wait go on waiting: for the new instance. */
function restart(turn: Turn, command: AwaitedCommand, cause: Sequence): void {
  const model = turn.models.get(command.model)
  if (model === undefined) return
  turn.waiters.push(loadWaiter(turn, command))
  updateModel(turn, command.model, { ...forgiven(model), because: cause })
  stopByOperator(turn, command.model, cause)
}

type AwaitedCommand = Extract<OperatorCommand, { kind: 'load' | 'restart' }>

function loadWaiter(turn: Turn, { model, request }: AwaitedCommand): Waiter {
  return { request, model, asked: model, at: turn.at, wants: 'load' }
}

function stopByOperator(turn: Turn, name: ModelName, cause: Sequence): void {
  const instance = instanceOf(turn, name)
  if (instance?.phase !== 'starting' && instance?.phase !== 'ready') return
  stopInstance(turn, instance, 'operator', { rule: 'operator' }, { kind: 'until', at: turn.at + UNLOAD_DRAIN }, cause)
}

function clear(turn: Turn, device: DeviceId, cause: Sequence): void {
  for (const instance of turn.instances.values()) {
    const claims = instance.claims.filter((claim) => claim.device === device)
    if (instance.phase !== 'stuck' || claims.length === 0) continue
    const { id, model } = instance
    const because = record(turn, 'cleared', { model, instance: id, cause }, { claims })
    const rest = instance.claims.filter((claim) => claim.device !== device)
    if (rest.length === 0) turn.instances.delete(id)
    else updateInstance(turn, id, { claims: rest, because })
  }
}

/** Also ends a pin and what was wanted without a request, or the model would be back at once. */
function unload(turn: Turn, name: ModelName, cause: Sequence): void {
  const model = turn.models.get(name)
  if (model === undefined) return
  updateModel(turn, name, { pinned: null, standing: null, because: cause })
  // Whoever waits for it, also behind an instance that leaves, would load it again at once.
  answerAll(turn, name, { kind: 'refused', code: 'unloaded', facts: { model: name } }, cause)
  stopByOperator(turn, name, cause)
}

/** Instances that drain without a bound get the shutdown's; the rest is `finish` in settle. */
function shutdown(turn: Turn, deadline: Instant): void {
  turn.shutdown = turn.shutdown === null ? deadline : Math.min(turn.shutdown, deadline)
  for (const instance of turn.instances.values()) {
    if (instance.phase !== 'leaving') continue
    turn.effects.push({
      kind: 'stop',
      instance: instance.id,
      reason: instance.reason ?? 'shutdown',
      drain: { kind: 'until', at: turn.shutdown },
    })
  }
}
