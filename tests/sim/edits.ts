import type { Manifest, ModelSpec } from '../../src/core/index.ts'
import { linkFallbacks, makeModel, makeVariant } from './scenario.ts'
import type { Random } from './time.ts'

/** A manifest as somebody edited it: one to three changes, each what people do, and always a valid one. */
export function editManifest(manifest: Manifest, random: Random, gpus: number): Manifest {
  let models = [...manifest.models.values()]
  for (let count = random.int(1, 3); count > 0; count -= 1) models = [...edit(models, random, gpus)]
  const linked = random.chance(0.3) ? linkFallbacks(random, models) : withoutLostFallbacks(models)
  const server = { ...manifest.server, maxQueue: random.pick([16, 64, 256]) }
  return { ...manifest, server, models: new Map(linked.map((model) => [model.name, model])) }
}

function edit(models: readonly ModelSpec[], random: Random, gpus: number): readonly ModelSpec[] {
  if (models.length === 0) return [makeModel(random, 'm0', gpus)]
  const one = random.pick(models)
  const replace = (change: Partial<ModelSpec>): readonly ModelSpec[] =>
    models.map((model) => (model === one ? withVariantsOfItsOwn({ ...model, ...change }) : model))
  return random.pick<() => readonly ModelSpec[]>([
    () => replace(one.keep === 'always' ? {} : { ttl: random.pick([0, 1000, 20_000, null]) }),
    () => replace({ priority: random.pick(['low', 'normal', 'high']), minResidency: random.pick([null, 0, 5000]) }),
    () => replace({ concurrency: random.int(1, 5) }),
    () => replace(one.keep === 'always' ? { keep: 'auto', ttl: 5000 } : { keep: 'always', ttl: null }),
    () => replace({ keep: one.keep === 'preload' ? 'auto' : 'preload', ttl: 5000 }),
    // A new way before the old one: who runs the old one goes on.
    () => replace({ ...makeVariant(random, one, gpus), variants: [{ ...one, variants: [] }] }),
    () => replace({ variants: [] }),
    () => replace({ ...makeVariant(random, one, gpus) }),
    () => replace({ args: one.args.length > 0 ? [] : [['guarded', true]] }),
    () => models.filter((model) => model !== one),
    () => [...models, makeModel(random, freeName(models), gpus)],
    () => models.toReversed(),
    () => models,
  ])()
}

/** Keys that a variant has of its model follow the model. */
function withVariantsOfItsOwn(model: ModelSpec): ModelSpec {
  return {
    ...model,
    variants: model.variants.map((variant) => ({
      ...model,
      gpus: variant.gpus,
      context: variant.context,
      memory: variant.memory,
      variants: [],
    })),
  }
}

function freeName(models: readonly ModelSpec[]): string {
  const taken = new Set(models.map(({ name }) => name))
  let index = 0
  while (taken.has(`m${index}`)) index += 1
  return `m${index}`
}

function withoutLostFallbacks(models: readonly ModelSpec[]): readonly ModelSpec[] {
  const order = models.map(({ name }) => name)
  return models.map((model, index) => {
    const to = model.fallback === null ? -1 : order.indexOf(model.fallback)
    return to > index ? model : { ...model, fallback: null }
  })
}
