import type { Bytes } from '../../src/core/index.ts'
import type { GgufTensor } from '../../src/weights/index.ts'

/** Bytes of a model's tensors, as far as they can be put on different devices. */
export interface TensorBytes {
  /** Looked up by token: in host memory, whatever else is on a GPU. */
  readonly input: Bytes
  readonly layers: readonly LayerTensors[]
  /** All that is in no layer and makes the answer of the last one. */
  readonly output: Bytes
  /** What a GPU that has the output holds as a copy of the input, for models that use the same tensor for both. */
  readonly tied: Bytes
}

export interface LayerTensors {
  readonly whole: Bytes
  readonly experts: Bytes
  /** What is left where the experts are elsewhere. */
  readonly rest: Bytes
  /** The largest single tensor of the experts, and of what is left. */
  readonly largestExpert: Bytes
  readonly largestRest: Bytes
}

const LAYER = /(?:^|\.)blk\.(\d+)\./
/** What `--cpu-moe` and `--n-cpu-moe` keep on the host: neither the router nor experts that every token goes through. */
const EXPERTS = /\.ffn_(?:up|down|gate|gate_up)_(?:ch)?exps\b/
const INPUT = /^(?:per_layer_)?token_embd\.|^(?:token_types|pos(?:ition)?_embd)\./
const EMBEDDING = /^token_embd\.weight$/
const OUTPUT = /^output\.weight$/

const NOTHING: LayerTensors = { whole: 0, experts: 0, rest: 0, largestExpert: 0, largestRest: 0 }

/** Of all files of a model, those of its LoRA among them: the engine puts those beside what they are for. */
export function tensorBytes(tensors: readonly GgufTensor[], layers: number): TensorBytes {
  const each = Array.from({ length: layers }, () => NOTHING)
  let [input, output, tied] = [0, 0, 0]
  for (const { name, bytes } of tensors) {
    const layer = Math.min(Number(LAYER.exec(name)?.[1] ?? Number.NaN), layers - 1)
    if (Number.isNaN(layer)) {
      if (INPUT.test(name)) input += bytes
      else output += bytes
      if (EMBEDDING.test(name)) tied = bytes
    } else each[layer] = withTensor(each[layer] ?? NOTHING, name, bytes)
  }
  return { input, layers: each, output, tied: tensors.some(({ name }) => OUTPUT.test(name)) ? 0 : tied }
}

function withTensor(layer: LayerTensors, name: string, bytes: Bytes): LayerTensors {
  const whole = layer.whole + bytes
  return EXPERTS.test(name)
    ? { ...layer, whole, experts: layer.experts + bytes, largestExpert: Math.max(layer.largestExpert, bytes) }
    : { ...layer, whole, rest: layer.rest + bytes, largestRest: Math.max(layer.largestRest, bytes) }
}

/**
 * Of a file whose tensors are not named by layers: all are taken for equal, and so is the output. Which are experts is
 * not known either, so that they count where they would stay and where they would go.
 */
export function evenTensorBytes(bytes: Bytes, layers: number): TensorBytes {
  const share = Math.ceil(bytes / (layers + 1))
  const each = { whole: share, experts: share, rest: share, largestExpert: share, largestRest: share }
  return { input: 0, layers: Array.from({ length: layers }, () => each), output: share, tied: 0 }
}
