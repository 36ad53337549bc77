import type { Comparison, PlanRequest } from '../../src/engine/contract.ts'
import { contextOf } from '../../src/engine/shares.ts'

/** Context, slots and weights as it has them; where the weights lie is in its log. */
export const COMPARE: Comparison = Object.freeze({ path: '/props', shortfall })

function shortfall({ model, weights, gpuUuids }: PlanRequest, answer: string, tail: readonly string[]): string | null {
  if (weights === null) return null
  const path = textIn(answer, 'model_path')
  if (path !== null && path !== weights.path) return `serves ${path} where ${weights.path} was asked`
  const context = contextOf(model, weights)
  const tokens = numberIn(answer, 'n_ctx')
  // It cuts a context that is longer than the one that the weights were trained for, and says so in its log alone.
  if (tokens !== null && tokens < context)
    return `serves ${tokens} tokens of context where \`context: ${context}\` was asked`
  const slots = numberIn(answer, 'total_slots')
  if (slots !== null && slots < model.parallel)
    return `answers no more than ${slots} at once where \`parallel: ${model.parallel}\` was asked`
  return gpuUuids.length > 0 ? withoutGpu(model.offload.layers, tail) : null
}

const OFFLOADED = /load_tensors: offloaded (\d+)\/(\d+) layers to GPU/
const BUFFER = /load_tensors:\s+(\S+) model buffer size = /

/**
 * What of the weights lies on no GPU though it was to. A program that finds no GPU says that it has offloaded all layers
 * nonetheless; where its buffers are tells.
 */
function withoutGpu(asked: number | 'all', tail: readonly string[]): string | null {
  if (asked === 0) return null
  const [, offloaded, layers] = tail.map((line) => OFFLOADED.exec(line)).findLast((match) => match !== null) ?? []
  const wanted = asked === 'all' ? Number(layers) : Math.min(asked, Number(layers))
  if (Number(offloaded) < wanted)
    return `has ${offloaded} of ${layers} layers on the GPU where \`offload: { layers: ${asked} }\` was asked`
  const buffers = tail.flatMap((line) => BUFFER.exec(line)?.[1] ?? [])
  // A GPU's have its number: CUDA0, Vulkan1; those of the host are CPU_Mapped, AMX, CUDA_Host and the like.
  if (buffers.length > 0 && !buffers.some((name) => /\d/.test(name)))
    return `found no GPU that it can use, and runs in host memory (${buffers.join(', ')}) where \`gpus\` was asked`
  return null
}

/** Of the first member of that name; null where there is none. The answer may be cut: it ends with a template of any length. */
function numberIn(answer: string, name: string): number | null {
  const digits = new RegExp(`"${name}":\\s*(\\d{1,15})`).exec(answer)?.[1]
  return digits === undefined ? null : Number(digits)
}

function textIn(answer: string, name: string): string | null {
  const text = new RegExp(`"${name}":\\s*("(?:[^"\\\\]|\\\\.)*")`).exec(answer)?.[1]
  return text === undefined ? null : (JSON.parse(text) as string)
}
