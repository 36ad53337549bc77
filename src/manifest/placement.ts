import type { DeclaredMemory, GpuRequest } from '../core/index.ts'
import { conflict, keyOf, requireKey } from './context.ts'
import type { ModelContext } from './context.ts'

/** Undefined when what was written is wrong. */
export function readGpus(context: ModelContext): GpuRequest | undefined {
  const { settings, knowledge } = context
  const placed = settings.placed('gpus')
  const request = placed ? settings.value('gpus') : ({ kind: knowledge.gpus ? 'any' : 'none' } as const)
  if (!request || request.kind === 'none') return request
  if (!knowledge.gpus) {
    const why = `${keyOf('gpus', context)} asks for a GPU, and this version does not read GPUs on this host.`
    conflict('gpus', why, 'Set `gpus: none`, or remove the key.', context)
    return undefined
  }
  if (settings.value('engine') === 'command') {
    requireKey('memory', 'nobody else knows what a command takes of a GPU', context)
  }
  return request
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
    conflict('memory', `${key} claims a GPU, and the model has \`gpus: none\`.`, next, context)
    return null
  }
  if (device === undefined && (!onHost || host === undefined)) {
    const [part, what] = onHost ? ['host', 'the host'] : ['device', 'each GPU']
    conflict('memory', `${key} does not say what the model takes of ${what}.`, `Add \`${part}\`.`, context)
    return null
  }
  return { device: device ?? 0, host: host ?? 0 }
}
