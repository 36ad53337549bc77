import type { DeviceView, ModelView, View } from '../core/index.ts'
import { EnginehouseError } from '../core/index.ts'
import { nearest } from '../lib/nearest.ts'

/** By name or alias. Throws model_not_found with the nearest names. */
export function findModel(view: View, nameOrAlias: string): ModelView {
  const model = view.model(nameOrAlias)
  if (model) return model
  const names = view.models().flatMap(({ id, aliases }) => [id, ...aliases])
  throw new EnginehouseError('model_not_found', { model: nameOrAlias, nearest: nearest(nameOrAlias, names) })
}

/** By id. Throws device_not_found with those that are there. */
export function findDevice(view: View, id: string): DeviceView {
  const devices = view.devices()
  const device = devices.find((each) => each.id === id)
  if (device) return device
  throw new EnginehouseError('device_not_found', { device: id, there: devices.map((each) => each.id) })
}
