import { Gauge } from 'prom-client'
import type { Registry } from 'prom-client'
import type { ModelView, View } from '../core/index.ts'

/** Every state a model can be seen in: each is a series, 1 for the current one, so that a query needs no history. */
const STATES = ['unloaded', 'loading', 'loaded', 'downloading', 'failed'] as const satisfies ModelView['status'][]

/** Gauges that are nothing but the view at the moment of a scrape; nothing has to keep them up to date between two. */
export function mirrorView(registry: Registry): (view: View) => void {
  const registers = [registry]
  const queueDepth = new Gauge({
    name: 'enginehouse_queue_depth',
    help: 'Requests that wait for a model or for a slot of one.',
    registers,
  })
  const modelState = new Gauge({
    name: 'enginehouse_model_state',
    help: '1 for the state that the model is in.',
    labelNames: ['model', 'state'],
    registers,
  })
  const deviceMemory = new Gauge({
    name: 'enginehouse_device_memory_bytes',
    help: 'Bytes of a device by who has them: a model, the reserve, quarantine, or free.',
    labelNames: ['device', 'owner'],
    registers,
  })
  return (view) => {
    queueDepth.set(view.queue().length)
    // A model or a device that is gone must not go on showing its last figure.
    modelState.reset()
    for (const model of view.models()) {
      for (const state of STATES) modelState.set({ model: model.id, state }, model.status === state ? 1 : 0)
    }
    deviceMemory.reset()
    for (const device of view.devices()) {
      // Two instances of one model may stand beside each other for a moment: their bytes add up.
      for (const claim of device.claims)
        deviceMemory.inc({ device: device.id, owner: `model:${claim.model}` }, claim.bytes)
      deviceMemory.set({ device: device.id, owner: 'reserve' }, device.reserve)
      deviceMemory.set({ device: device.id, owner: 'quarantined' }, device.quarantined)
      deviceMemory.set({ device: device.id, owner: 'free' }, device.free)
    }
  }
}
