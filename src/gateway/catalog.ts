import { EnginehouseError } from '../core/index.ts'
import type { Capability, ModelView, ServedModel, View } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'

/** The models as clients may know them. An unlisted one answers to its names, and is named by nobody else. */
export interface Catalog {
  listed(): readonly ModelView[]
  /** By name or alias. Throws model_not_found with the nearest listed names. */
  show(name: string): ModelView
  /** Names of listed models that have the capability. */
  able(capability: Capability): readonly string[]
  /**
   * What a request asks: by name or alias, and without one the model aliased `default`, or the only one. Throws
   * model_not_found, model_required.
   */
  resolve(name: string | null): ServedModel
}

export function createCatalog(view: View): Catalog {
  const listed = (): readonly ModelView[] => view.models().filter(({ unlisted }) => !unlisted)

  function notFound(name: string): EnginehouseError {
    const names = listed().flatMap((model) => [model.id, ...model.aliases])
    return new EnginehouseError('model_not_found', { model: name, nearest: nearest(name, names) })
  }

  function byDefault(): ServedModel {
    const named = view.resolve('default')
    if (named !== undefined) return named
    const models = view.models()
    const [only] = models
    if (only === undefined || models.length > 1)
      throw new EnginehouseError('model_required', { models: listed().map(({ id }) => id) })
    return only
  }

  return {
    listed,
    able: (capability) => listed().flatMap(({ id, capabilities }) => (capabilities.has(capability) ? [id] : [])),
    show(name) {
      const model = view.model(name)
      if (model === undefined) throw notFound(name)
      return model
    },
    resolve(name) {
      if (name === null) return byDefault()
      const model = view.resolve(name)
      if (model === undefined) throw notFound(name)
      return model
    },
  }
}
