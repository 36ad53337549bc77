import type { ModelName } from '../core/index.ts'
import { quote } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'
import { describe } from './issues.ts'
import { HINTED_NAMES_MAX } from './limits.ts'
import type { Placed } from './node.ts'
import { dotted } from './path.ts'
import type { Report } from './problems.ts'

/** A model's `fallback` as it is written, by the model or by `defaults`. */
export interface FallbackPlace {
  readonly model: ModelName
  readonly name: string
  readonly placed: Placed
  readonly isOwn: boolean
}

/**
 * Which model each falls back to. One that it inherits and that is the model itself is none. Reports names that stand
 * for no model, a model that falls back to itself, and each circle once.
 */
export function resolveFallbacks(
  places: readonly FallbackPlace[],
  names: ReadonlyMap<string, ModelName>,
  report: Report,
): ReadonlyMap<ModelName, ModelName> {
  const targets = new Map<ModelName, ModelName>()
  let unknown = 0
  for (const place of places) {
    const target = names.get(place.name)
    if (target === undefined) {
      unknown += 1
      reportUnknown(place, unknown > HINTED_NAMES_MAX ? [] : nearest(place.name, names.keys()), report)
    } else if (target !== place.model) targets.set(place.model, target)
    else if (place.isOwn) reportItself(place, report)
  }
  const byModel = new Map(places.map((place) => [place.model, place]))
  for (const circle of circlesOf(targets)) reportCircle(circle, byModel, report)
  return targets
}

function reportUnknown({ placed }: FallbackPlace, near: readonly string[], report: Report): void {
  const { entry, path } = placed
  const facts = {
    key: dotted(path),
    expected: 'the name or an alias of a model',
    got: describe(entry.node),
    nearest: near,
  }
  report('manifest_value', facts, entry.node.span, path)
}

function reportItself({ placed: { entry, path } }: FallbackPlace, report: Report): void {
  const why = `${dotted(path)} is the model itself.`
  report('manifest_conflict', { why, next: 'Name another model, or remove it.' }, entry.node.span, path)
}

/** At the first of them in the text that says its fallback itself. */
function reportCircle(
  circle: readonly ModelName[],
  places: ReadonlyMap<ModelName, FallbackPlace>,
  report: Report,
): void {
  const [first] = circle
    .flatMap((model) => places.get(model) ?? [])
    .toSorted((a, b) => Number(b.isOwn) - Number(a.isOwn) || a.placed.entry.key[0] - b.placed.entry.key[0])
  if (!first) return
  const from = circle.indexOf(first.model)
  const around = [...circle.slice(from), ...circle.slice(0, from), first.model]
  const why = `Fallbacks lead in a circle: ${around.map(quote).join(' to ')}.`
  const { entry, path } = first.placed
  report('manifest_conflict', { why, next: 'Let one of them end it.' }, entry.node.span, path)
}

/** Each model leads to at most one other, so that a walk from every model meets every circle. */
function circlesOf(targets: ReadonlyMap<ModelName, ModelName>): readonly (readonly ModelName[])[] {
  const circles: (readonly ModelName[])[] = []
  const done = new Set<ModelName>()
  for (const start of targets.keys()) {
    const walk: ModelName[] = []
    let model: ModelName | undefined = start
    while (model !== undefined && !done.has(model)) {
      done.add(model)
      walk.push(model)
      model = targets.get(model)
    }
    const from = model === undefined ? -1 : walk.indexOf(model)
    if (from >= 0) circles.push(walk.slice(from))
  }
  return circles
}
