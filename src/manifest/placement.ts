import type { DeclaredMemory, EngineDescription, GpuRequest, OffloadSpec } from '../core/index.ts'
import { conflict, keyOf } from './context.ts'
import type { ModelContext } from './context.ts'
import { DEFAULT_MODEL } from './defaults.ts'
import { dotted } from './path.ts'
import { OFFLOAD, readLayers } from './sections.ts'

/**
 * Undefined when what was written is wrong. A manifest may be meant for another host, so this one's GPUs decide only
 * what holds where nothing is written.
 */
export function readGpus({ settings, knowledge }: ModelContext): GpuRequest | undefined {
  if (settings.placed('gpus')) return settings.value('gpus')
  return { kind: knowledge.gpus ? 'any' : 'none' }
}

/**
 * Without GPUs a plain size is the host's; with them it is that of each GPU. Null: estimated (or wrong, and reported).
 */
export function readMemory(gpus: GpuRequest, context: ModelContext): DeclaredMemory | null {
  const declared = context.settings.value('memory')
  if (declared === undefined) return null
  const onHost = gpus.kind === 'none'
  if (typeof declared === 'number') return onHost ? { device: 0, host: declared } : { device: declared, host: 0 }
  const device = declared === 'all' ? declared : declared.device
  const host = declared === 'all' ? undefined : declared.host
  const key = keyOf('memory', context)
  if (onHost && device !== undefined) {
    const next = 'Write the bytes that it takes of the host, such as `memory: 8GiB`.'
    const who = dotted(context.path)
    conflict('memory', `${key} claims a GPU, and ${who} has \`gpus: none\`.`, next, context)
    return null
  }
  if (device === undefined && (!onHost || host === undefined)) {
    const [part, what] = onHost ? ['host', 'the host'] : ['device', 'each GPU']
    conflict('memory', `${key} does not say what the model takes of ${what}.`, `Add \`${part}\`.`, context)
    return null
  }
  return { device: device ?? 0, host: host ?? 0 }
}

/**
 * What is inherited says nothing for a way without GPUs or with another engine; what such a way says itself is wrong,
 * but where `gpus` is left out: the manifest may be meant for a host that has some.
 */
export function readOffload(engine: EngineDescription, gpus: GpuRequest, context: ModelContext): OffloadSpec {
  const { settings, knowledge, report } = context
  const written = readLayers(OFFLOAD, settings.layers('offload'), report)
  const key = keyOf('offload', context)
  const way = dotted(context.path)
  const isOnHost = gpus.kind === 'none' && settings.placed('gpus') !== undefined
  if (settings.owns('offload') && !engine.offload) {
    const able = knowledge.engines.filter(({ offload }) => offload).map(({ name }) => name)
    const why = `${key} is for ${able.join(' and ')}, and the engine of ${way} is ${engine.name}.`
    conflict('offload', why, 'Remove it.', context)
  } else if (settings.owns('offload') && isOnHost) {
    const why = `${key} says what goes to a GPU, and ${way} has \`gpus: none\`.`
    conflict('offload', why, 'Remove one of the two.', context)
  }
  const { offload } = DEFAULT_MODEL
  return engine.offload && !isOnHost ? { ...offload, ...written } : offload
}
