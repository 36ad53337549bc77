import type { GgufHeader } from '../../src/weights/index.ts'
import type { Layer, Shape } from './memory.ts'

/** Every how many-th layer sees all tokens, of architectures whose files do not say it. */
const GLOBAL_EVERY: ReadonlyMap<string, number> = new Map([['gemma3', 6]])

/** What a GGUF file says that memory depends on; null where it lacks a figure that no formula can do without. */
export function shapeOf({ architecture, scalars, lists, entries }: GgufHeader): Shape | null {
  const one = (key: string): number | null => count(scalars.get(`${architecture}.${key}`))
  const layers = one('block_count')
  const embedding = one('embedding_length')
  if (architecture === null || layers === null || embedding === null) return null
  const heads = one('attention.head_count') ?? maximum(lists.get(`${architecture}.attention.head_count`))
  const keyWidth = one('attention.key_length') ?? (heads === null ? null : embedding / heads)
  const valueWidth = one('attention.value_length') ?? (heads === null ? null : embedding / heads)
  const recurrent = recurrentElements(one)
  const sliding = slidingLayers(architecture, layers, { scalars, lists })
  const latent = one('attention.kv_lora_rank')
  const each: Layer[] = []
  for (let index = 0; index < layers; index += 1) {
    const shared = keyValueHeads(architecture, index, { scalars, lists }) ?? heads
    if (latent !== null) {
      each.push({ kind: 'attention', key: latent + (one('rope.dimension_count') ?? 0), value: 0, window: null })
    } else if (recurrent !== null && (heads === null || heads === 0 || shared === 0)) {
      each.push({ kind: 'recurrent', elements: recurrent })
    } else {
      if (shared === null || keyWidth === null || valueWidth === null) return null
      const window = sliding(index) ? one('attention.sliding_window') : null
      each.push({ kind: 'attention', key: shared * keyWidth, value: shared * valueWidth, window })
    }
  }
  const vocabulary = one('vocab_size') ?? entries.get('tokenizer.ggml.tokens') ?? VOCABULARY_MAXIMUM
  return { layers: each, embedding, heads: heads ?? 0, vocabulary }
}

/** Of a file that has no tokens: the largest in use. */
const VOCABULARY_MAXIMUM = 262_144

type Metadata = Pick<GgufHeader, 'scalars' | 'lists'>

/** Of one layer: some models have a number for each. */
function keyValueHeads(architecture: string, index: number, { scalars, lists }: Metadata): number | null {
  const key = `${architecture}.attention.head_count_kv`
  const listed = lists.get(key)?.[index]
  return typeof listed === 'number' ? listed : count(scalars.get(key))
}

function slidingLayers(architecture: string, layers: number, { scalars, lists }: Metadata): (index: number) => boolean {
  const key = `${architecture}.attention.sliding_window_pattern`
  const list = lists.get(key)
  if (list !== undefined && list.length >= layers) return (index) => Boolean(list[index])
  const every = count(scalars.get(key)) ?? GLOBAL_EVERY.get(architecture)
  // Not known: every layer is counted whole, which is too much rather than too little.
  return every === undefined ? () => false : (index) => (index + 1) % every !== 0
}

/** Of a layer that keeps a state in place of tokens; null for models without. */
function recurrentElements(one: (key: string) => number | null): number | null {
  const inner = one('ssm.inner_size')
  const state = one('ssm.state_size')
  const kernel = one('ssm.conv_kernel')
  if (inner === null || state === null || kernel === null) return null
  const groups = one('ssm.group_count') ?? 0
  return (kernel - 1) * (inner + 2 * groups * state) + state * inner
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0 ? value : null
}

function maximum(list: readonly unknown[] | undefined): number | null {
  const numbers = (list ?? []).filter((each) => typeof each === 'number')
  return numbers.length === 0 ? null : Math.max(...numbers)
}
