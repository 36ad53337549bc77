import type { ModelView, View } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'

/** By name or alias. Throws model_not_found with the nearest names. */
export function findModel(view: View, nameOrAlias: string): ModelView {
  const model = view.model(nameOrAlias)
  if (model) return model
  const names = view.models().flatMap(({ id, aliases }) => [id, ...aliases])
  throw new EnginehouseError('model_not_found', { model: nameOrAlias, nearest: nearest(nameOrAlias, names) })
}
