import type { Manifest, ModelName, ModelSpec } from '../core/index.ts'
import { readEnv } from './env.ts'
import { resolveFallbacks } from './fallbacks.ts'
import type { FallbackPlace } from './fallbacks.ts'
import { readModel } from './model.ts'
import type { Surroundings } from './model.ts'
import { checkNames } from './names.ts'
import type { NamePlace } from './names.ts'
import { MODEL, MODEL_DEFAULTS, readSection } from './sections.ts'
import type { Placed } from './node.ts'
import { layersOf, settingsOf } from './settings.ts'
import type { ModelRead } from './settings.ts'

/** All models, each with `defaults`, in the order of the text. */
export function readModels(
  models: Placed | undefined,
  shared: Placed | undefined,
  around: Surroundings,
): Manifest['models'] {
  const { report } = around
  const specs = new Map<ModelName, ModelSpec>()
  const names: NamePlace[] = []
  const fallbacks: FallbackPlace[] = []
  const defaults = shared && readSection(MODEL_DEFAULTS, shared.entry.node, shared.path, report)
  const env = defaults?.entries.get('env')
  // Also where there is no model that would look at it.
  if (env) readEnv([{ entry: env, path: ['defaults', 'env'] }], report)
  if (models?.entry.node.kind !== 'mapping') return specs
  for (const [name, { key: nameSpan, node }] of models.entry.node.entries) {
    const path = ['models', name]
    names.push({ name, shown: name, model: name, span: nameSpan, path })
    const own = readSection(MODEL, node, path, report)
    if (!own) continue
    names.push(...aliasPlaces(name, own))
    specs.set(name, readModel({ name, nameSpan, own, defaults, around }))
    fallbacks.push(...fallbackPlaces(name, own, defaults))
  }
  const targets = resolveFallbacks(fallbacks, checkNames(names, report), report)
  return new Map([...specs].map(([name, model]) => [name, withFallback(model, targets.get(name) ?? null)]))
}

function withFallback(model: ModelSpec, fallback: ModelName | null): ModelSpec {
  return { ...model, fallback, variants: model.variants.map((variant) => ({ ...variant, fallback })) }
}

function fallbackPlaces(model: ModelName, own: ModelRead, defaults: ModelRead | undefined): readonly FallbackPlace[] {
  const settings = settingsOf(layersOf(model, own, defaults, undefined))
  const name = settings.value('fallback')
  const placed = settings.placed('fallback')
  if (typeof name !== 'string' || !placed) return []
  return [{ model, name, placed, isOwn: settings.owns('fallback') }]
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
