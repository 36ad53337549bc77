import type { Input, Manifest, ModelSpec, Sequence } from '../core/index.ts'
import { forgiven } from './failures.ts'
import { newModel, newVariants, resourcesOf, standingOf, type ModelState } from './state.ts'
import { answerAll, record, stopInstance, type Turn } from './turn.ts'

/**
 * Another manifest takes effect. An instance whose launch is still one of its model's ways keeps its process, whatever
 * else of the model changed; the others drain and leave, and come back when wanted or if kept.
 */
export function reload(turn: Turn, { next, diff, trigger }: Extract<Input, { kind: 'manifest' }>): void {
  const cause = record(turn, 'manifest', {}, { ...diff, path: next.path, trigger })
  const before = new Map(turn.models)
  turn.manifest = next
  turn.models.clear()
  for (const spec of next.models.values()) {
    const known = before.get(spec.name)
    turn.models.set(spec.name, known ? changed(known, spec, turn, cause) : newModel(spec, next, turn.at))
  }
  // Whoever waits for a fallback that is gone asks again for what it asked for.
  turn.waiters = turn.waiters.map((waiter) =>
    turn.models.has(waiter.model) || !turn.models.has(waiter.asked) ? waiter : { ...waiter, model: waiter.asked },
  )
  for (const name of before.keys()) {
    if (turn.models.has(name)) continue
    answerAll(turn, name, { kind: 'refused', code: 'model_not_found', facts: { model: name, nearest: [] } }, cause)
  }
  countResources(turn, next)
  stopOutdated(turn, cause)
}

/** What was true of the model before and still is: its history, a pin, weights and failures of launches that stand. */
function changed(model: ModelState, spec: ModelSpec, turn: Turn, cause: Sequence): ModelState {
  const old = new Map(model.variants.map((variant) => [variant.key, variant]))
  const variants = newVariants(spec, turn.manifest).map((variant) => {
    const known = old.get(variant.key)
    return known ? { ...known, spec: variant.spec } : variant
  })
  const sameLaunches = variants.length === old.size && variants.every((variant) => old.has(variant.key))
  const standing = spec.keep === model.spec.keep ? model.standing : (standingOf(spec, turn.at) ?? pinnedOnly(model))
  const next = { ...model, spec, variants, standing }
  return sameLaunches ? next : { ...next, ...forgiven(next), because: cause }
}

function pinnedOnly(model: ModelState): ModelState['standing'] {
  return model.pinned === null ? null : model.standing
}

function countResources(turn: Turn, next: Manifest): void {
  for (const device of turn.devices.values()) if (device.kind === 'resource') turn.devices.delete(device.id)
  for (const resource of resourcesOf(next, turn.at)) turn.devices.set(resource.id, resource)
}

function stopOutdated(turn: Turn, cause: Sequence): void {
  for (const instance of turn.instances.values()) {
    if (instance.phase !== 'starting' && instance.phase !== 'ready') continue
    const model = turn.models.get(instance.model)
    if (model?.variants.some((variant) => variant.key === instance.key)) continue
    const why = { rule: 'manifest', removed: model === undefined } as const
    stopInstance(turn, instance, 'manifest_changed', why, { kind: 'finish' }, cause)
  }
}
