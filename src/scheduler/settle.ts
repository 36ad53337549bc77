import type { Instant } from '../core/index.ts'
import { SHORT_TTL } from './limits.ts'
import { placeWanted } from './place.ts'
import { instanceOf, isKept, type ModelState } from './state.ts'
import { answer, answerAll, isIdle, lastUse, stopInstance, updateModel, type Turn } from './turn.ts'

/**
 * What follows from the state as it stands, whatever input led to it. Fixed passes, in this order, after every input;
 * each leaves in `turn.due` the instants at which it wants to be asked again.
 */
export function settle(turn: Turn): void {
  endPins(turn)
  if (turn.shutdown === null) {
    // Whoever is sent to a fallback wants that one in the same turn. No chain of them is longer than there are models.
    for (let round = 0; round <= turn.models.size; round += 1) {
      serveReady(turn)
      if (!placeWanted(turn)) break
    }
    unloadExpired(turn)
  } else {
    finish(turn, turn.shutdown)
  }
  timeOutWaiters(turn)
}

function endPins(turn: Turn): void {
  for (const model of turn.models.values()) {
    const until = model.pinned?.until ?? null
    if (until === null) continue
    if (until > turn.at) turn.due.push(until)
    else updateModel(turn, model.spec.name, { pinned: null, standing: keptStanding(model) })
  }
}

function keptStanding(model: ModelState): ModelState['standing'] {
  return model.spec.keep === 'always' ? model.standing : null
}

/** TTL counts from the last byte of the last answer, and never while anybody holds or awaits the instance. */
function unloadExpired(turn: Turn): void {
  for (const instance of turn.instances.values()) {
    const model = turn.models.get(instance.model)
    if (instance.phase !== 'ready' || model === undefined || isKept(model) || model.spec.ttl === null) continue
    const ttl = model.spec.ttl
    if (!isIdle(turn, instance)) {
      // While it is busy, its time cannot come before one more TTL; where that is shorter than a request, its end tells.
      if (ttl < SHORT_TTL) turn.watched.add(instance.id)
      else turn.due.push(turn.at + ttl)
      continue
    }
    const lastByteAt = lastUse(turn, instance)
    if (turn.at < lastByteAt + ttl) turn.due.push(lastByteAt + ttl)
    else stopInstance(turn, instance, 'ttl_expired', { rule: 'ttl', ttl, lastByteAt }, { kind: 'finish' }, null)
  }
}

/** Before anything is planned, so that nobody who waits for a ready model sees it evicted first. */
function serveReady(turn: Turn): void {
  for (const instance of turn.instances.values()) {
    if (instance.phase !== 'ready') continue
    answerAll(turn, instance.model, { kind: 'ready', instance: instance.id }, instance.because)
    const model = turn.models.get(instance.model)
    if (model?.standing?.kind === 'once') updateModel(turn, instance.model, { standing: null })
  }
}

/** After a shutdown command: what runs may finish until the deadline, nothing new begins. */
function finish(turn: Turn, deadline: Instant): void {
  const over = turn.at >= deadline
  const why = { rule: 'shutdown', deadline } as const
  for (const waiter of turn.waiters) {
    const instance = instanceOf(turn, waiter.model)
    if (!over && instance?.phase === 'starting') continue
    if (!over && instance?.phase === 'ready') answer(turn, waiter, { kind: 'ready', instance: instance.id }, null)
    else answer(turn, waiter, { kind: 'refused', code: 'shutting_down', facts: {} }, null)
    turn.waiters = turn.waiters.filter((other) => other !== waiter)
  }
  for (const instance of turn.instances.values()) {
    if (instance.phase !== 'starting' && instance.phase !== 'ready') continue
    const used =
      instance.phase === 'starting'
        ? turn.waiters.some((waiter) => waiter.model === instance.model)
        : !isIdle(turn, instance)
    if (over || !used) stopInstance(turn, instance, 'shutdown', why, { kind: 'until', at: deadline }, null)
    else turn.watched.add(instance.id)
  }
  if (!over) turn.due.push(deadline)
}

/** A request whose load has begun is past this limit: the load's own deadline rules from then on. */
function timeOutWaiters(turn: Turn): void {
  for (const waiter of turn.waiters) {
    if (instanceOf(turn, waiter.model)?.phase === 'starting') continue
    const deadline = waiter.at + turn.manifest.server.queueTimeout
    if (turn.at < deadline) {
      turn.due.push(deadline)
      continue
    }
    const facts = { model: waiter.model, waited: turn.at - waiter.at }
    answer(
      turn,
      waiter,
      { kind: 'refused', code: 'queue_timeout', facts },
      turn.models.get(waiter.model)?.because ?? null,
    )
    turn.waiters = turn.waiters.filter((other) => other !== waiter)
  }
}
