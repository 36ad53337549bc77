import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Bytes, Tokens } from '../core/index.ts'

/** What `config.json` beside safetensors says that memory depends on. Null: it does not say. */
export interface ModelConfig {
  readonly modelType: string | null
  readonly layers: number
  readonly hidden: number
  readonly intermediate: number
  readonly heads: number
  readonly keyValueHeads: number
  /** Width of one head. */
  readonly headSize: number
  readonly vocabulary: number
  readonly trainedContext: Tokens | null
  /** Layers that attend to the last `tokens` only. */
  readonly sliding: { readonly layers: number; readonly tokens: Tokens } | null
  /** Of models that keep one compressed vector per token and layer in place of keys and values. */
  readonly latent: { readonly rank: number; readonly rope: number } | null
  /** Of a weight and of a cached element, before any quantisation. */
  readonly elementBytes: Bytes
}

type Fields = Readonly<Record<string, unknown>>

/** Rejects with the error of the file system, or with a TypeError whose message ends a sentence. */
export async function readConfigFile(path: string): Promise<Fields> {
  const text = await readFile(path, 'utf8')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (cause) {
    throw new TypeError('its config.json is not JSON', { cause })
  }
  if (isFields(parsed)) return parsed
  throw new TypeError('its config.json is not a mapping')
}

/** The context that the model was trained for; several names are in use. */
export function trainedContextOf(config: Fields): Tokens | null {
  const text = textPart(config)
  for (const key of ['max_position_embeddings', 'max_seq_len', 'n_positions', 'seq_length']) {
    const tokens = count(text[key])
    if (tokens !== null) return tokens
  }
  return null
}

/** Null where a figure is missing that no formula can do without. */
export function modelConfigOf(config: Fields): ModelConfig | null {
  const text = textPart(config)
  const layers = count(text['num_hidden_layers'] ?? text['n_layer'])
  const hidden = count(text['hidden_size'] ?? text['n_embd'])
  const heads = count(text['num_attention_heads'] ?? text['n_head'])
  const vocabulary = count(text['vocab_size'])
  if (layers === null || hidden === null || heads === null || vocabulary === null) return null
  const rank = count(text['kv_lora_rank'])
  return Object.freeze({
    modelType: typeof text['model_type'] === 'string' ? text['model_type'] : null,
    layers,
    hidden,
    heads,
    vocabulary,
    intermediate: count(text['intermediate_size']) ?? 4 * hidden,
    keyValueHeads: count(text['num_key_value_heads']) ?? heads,
    headSize: count(text['head_dim']) ?? Math.floor(hidden / heads),
    trainedContext: trainedContextOf(config),
    sliding: slidingOf(text, layers),
    latent: rank === null ? null : { rank, rope: count(text['qk_rope_head_dim']) ?? 0 },
    elementBytes: elementBytesOf(text['dtype'] ?? text['torch_dtype']),
  })
}

/** Models that also see or hear keep what is asked here in a part of its own. */
function textPart(config: Fields): Fields {
  const part = config['text_config']
  return isFields(part) ? { ...config, ...part } : config
}

function slidingOf(text: Fields, layers: number): ModelConfig['sliding'] {
  const tokens = count(text['sliding_window'])
  if (tokens === null || text['use_sliding_window'] === false) return null
  const types = text['layer_types']
  const sliding = Array.isArray(types) ? types.filter((type) => type === 'sliding_attention').length : layers
  return sliding === 0 ? null : { layers: sliding, tokens }
}

function elementBytesOf(dtype: unknown): Bytes {
  return dtype === 'float32' ? 4 : 2
}

function count(value: unknown): number | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0 ? value : null
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The figures of the model in this directory; null where its config.json lacks one. Rejects as readConfigFile does. */
export async function readModelConfig(directory: string): Promise<ModelConfig | null> {
  return modelConfigOf(await readConfigFile(join(directory, 'config.json')))
}
