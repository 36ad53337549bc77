import type { ModelName, ModelSpec } from '../core/index.ts'
import { readEnv } from './env.ts'
import { resolveFallbacks } from './fallbacks.ts'
import type { FallbackPlace } from './fallbacks.ts'
import { readModel } from './model.ts'
import type { ReadModel, Surroundings } from './model.ts'
import { checkNames } from './names.ts'
import type { NamePlace } from './names.ts'
import { readSection } from './sections.ts'
import type { Placed } from './node.ts'
import type { ModelRead } from './settings.ts'

/** All models, each with `defaults`, in the order of the text. */
export function readModels(
  models: Placed | undefined,
  shared: Placed | undefined,
  around: Surroundings,
): readonly ReadModel[] {
  const { report, sections } = around
  const names: NamePlace[] = []
  const read: ReadModel[] = []
  const defaults = shared && readSection(sections.defaults, shared.entry.node, shared.path, report)
  const env = defaults?.entries.get('env')
  // Also where there is no model that would look at it.
  if (env) readEnv([{ entry: env, path: ['defaults', 'env'] }], report)
  if (models?.entry.node.kind !== 'mapping') return []
  for (const [name, { key: nameSpan, node }] of models.entry.node.entries) {
    const path = ['models', name]
    names.push({ name, shown: name, model: name, span: nameSpan, path })
    const own = readSection(sections.model, node, path, report)
    if (!own) continue
    names.push(...aliasPlaces(name, own))
    read.push(readModel({ name, nameSpan, own, defaults, around }))
  }
  const targets = resolveFallbacks(read.flatMap(fallbackPlaces), checkNames(names, report), report)
  return read.map(({ spec, context }) => ({ spec: withFallback(spec, targets.get(spec.name) ?? null), context }))
}

function withFallback(model: ModelSpec, fallback: ModelName | null): ModelSpec {
  return { ...model, fallback, variants: model.variants.map((variant) => ({ ...variant, fallback })) }
}

function fallbackPlaces({ spec, context: { settings } }: ReadModel): readonly FallbackPlace[] {
  const name = settings.value('fallback')
  const placed = settings.placed('fallback')
  if (typeof name !== 'string' || !placed) return []
  return [{ model: spec.name, name, placed, isOwn: settings.owns('fallback') }]
}

function aliasPlaces(model: ModelName, own: ModelRead): readonly NamePlace[] {
  const list = own.entries.get('aliases')?.node
  if (list?.kind !== 'list') return []
  return list.items.flatMap((item, index) =>
    item.kind === 'scalar' && item.value !== null
      ? [
          {
            name: item.written,
            shown: item.template ?? item.written,
            model,
            span: item.span,
            path: ['models', model, 'aliases', index],
          },
        ]
      : [],
  )
}
