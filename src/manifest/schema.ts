import { z } from 'zod'
import type { GpuRequest } from '../core/index.ts'
import { parseDuration, parseSize, parseTokens } from '../core/index.ts'
import { listOf, notation, text, wholeNumber } from './leaves.ts'
import { BODY_MAX, CONCURRENCY_MAX, CONTEXT_MAX, GPU_INDEX_MAX, PARALLEL_MAX, QUEUE_MAX } from './limits.ts'
import { parseListen } from './listen.ts'
import { argv, source } from './sources.ts'

/**
 * The values of every key, one shape per section. Each key is checked by itself, so that one mistake hides no other;
 * what depends on several keys is in model.ts. `description` is what editors show.
 */

const size = notation('a size such as 24GiB', parseSize)

function positiveSize(expected: string) {
  return notation(expected, (written) => parseSize(written) || undefined)
}

export const ttl = notation('a duration such as 90s or 5m, or never', (written) =>
  written === 'never' ? null : parseDuration(written),
)

const MEMORY = 'a size such as 24GiB, all, or { device, host }'
const PER_DEVICE = 'a size such as 24GiB, or all'
const perDevice = z.union([z.literal('all'), positiveSize(PER_DEVICE)], { error: PER_DEVICE })
const memory = z.union(
  [
    z.literal('all'),
    positiveSize(MEMORY),
    z.strictObject({ device: perDevice.optional(), host: size.optional() }, { error: MEMORY }),
  ],
  { error: MEMORY },
)

const GPUS = 'any, none, a list such as [0] or [GPU-uuid], or { count: 2 }'
const GPU = 'the index of a GPU or its GPU-uuid'
const gpu = z.union(
  [
    z.int({ error: GPU }).min(0, { error: GPU }).max(GPU_INDEX_MAX, { error: GPU }),
    z.string().regex(/^GPU-[0-9A-Fa-f-]+$/, { error: GPU }),
  ],
  { error: GPU },
)
const gpus = z
  .union(
    [
      z.enum(['any', 'none'], { error: GPUS }),
      listOf(gpu, GPUS).refine((list) => new Set(list).size === list.length, {
        error: 'a list that names no GPU twice',
      }),
      z.strictObject({ count: wholeNumber(1, GPU_INDEX_MAX + 1) }, { error: GPUS }),
    ],
    { error: GPUS },
  )
  .transform((request): GpuRequest => {
    if (typeof request === 'string') return { kind: request }
    return 'count' in request ? { kind: 'count', count: request.count } : { kind: 'list', gpus: request }
  })

const flagValue = z.union([z.boolean(), z.null(), z.string(), z.number(), z.array(text('text'))], {
  error: 'true, false, text, a number, or a list of these',
})

const MAPPING = 'a mapping of keys'
/** A section's own keys are read one by one. */
const section = z.custom<object>((value) => typeof value === 'object' && value !== null && !Array.isArray(value), {
  error: MAPPING,
})

export const topShape = {
  version: z.literal(1, { error: '1' }).meta({ description: 'Version of the manifest’s language.' }),
  server: section.meta({ description: 'The endpoint that clients see.' }),
  engines: section.meta({ description: 'Where an engine’s binary is, when it is not on PATH or installed by us.' }),
  memory: section.meta({ description: 'What engines may take of this host.' }),
  defaults: section.meta({ description: 'Any key of a model; a model’s own key wins.' }),
  models: section.meta({ description: 'What clients may ask for, by name.' }),
}

export const serverShape = {
  listen: notation('HOST:PORT, "[V6]:PORT" or unix:/PATH', parseListen).meta({
    description: 'Loopback address or unix socket of the endpoint; port 0 takes a free one. Default 127.0.0.1:8080.',
  }),
  max_body: notation(`a size from 1B to ${BODY_MAX / 2 ** 30}GiB`, (written) => {
    const bytes = parseSize(written)
    return bytes && bytes <= BODY_MAX ? bytes : undefined
  }).meta({ description: 'Largest request body. Default 32MiB.' }),
  max_queue: wholeNumber(0, QUEUE_MAX).meta({
    description: 'Requests that may wait, over all models; one more is refused. Default 512.',
  }),
}

export const engineShape = {
  path: z
    .string({ error: 'auto or a path' })
    .refine((path) => path !== '' && !path.startsWith('~'), { error: 'auto or a path (~ is not expanded)' })
    .meta({ description: 'The binary; auto looks on PATH, then among the engines that we installed.' }),
}

export const memoryShape = {
  reserve: size.meta({ description: 'Left free on every GPU. Default 1GiB.' }),
  host: notation('a share such as 80% or a size such as 48GiB', parseHostShare).meta({
    description: 'What engines may claim of the host’s RAM: a share or a size. Default 80%.',
  }),
}

export const modelShape = {
  engine: z
    .enum(['llama-server', 'command'], { error: 'llama-server or command' })
    .meta({ description: 'The kind of inference server that runs the model.' }),
  source: source.meta({ description: 'The weights, or a list of mirrors that are tried in order.' }),
  gpus: gpus.meta({ description: 'The GPUs the model gets. Default any where there is a GPU, else none.' }),
  context: notation('a count of tokens such as 4096 or 64k', (written) => {
    const tokens = parseTokens(written)
    return tokens !== undefined && tokens <= CONTEXT_MAX ? tokens : undefined
  }).meta({ description: 'Tokens of one request; k is 1024. Default the model’s own, at most 8k.' }),
  parallel: wholeNumber(1, PARALLEL_MAX).meta({
    description: 'Requests of full context that memory is kept for. Default 1.',
  }),
  concurrency: wholeNumber(1, CONCURRENCY_MAX).meta({
    description: 'Requests let into the engine at once. Default for llama-server as parallel, for command 32.',
  }),
  memory: memory.meta({
    description: 'Declared claim per device (on the host for gpus: none), all, or { device, host }. Default estimated.',
  }),
  ttl: ttl.meta({
    description:
      'Time from the last byte of the last request until the model is taken down; never keeps it. Default 5m.',
  }),
  keep: z
    .enum(['auto', 'always', 'preload'], { error: 'auto, always or preload' })
    .meta({ description: 'always: started at boot and never evicted. preload: started at boot. Default auto.' }),
  priority: z
    .enum(['low', 'normal', 'high'], { error: 'low, normal or high' })
    .meta({ description: 'Who goes first, and who is evicted last. Default normal.' }),
  aliases: z
    .array(text('a name'), { error: 'a list of names' })
    .meta({ description: 'Other names of the model; `default` gets the requests that name none.' }),
  args: z
    .record(z.string(), flagValue, { error: 'a mapping of flags, such as { jinja: true }' })
    .meta({ description: 'Flags for the engine. true: bare; false: none; a list repeats; all else as written.' }),
  env: z
    .record(z.string(), text('text; write "" for an empty value'), { error: 'a mapping of names to values' })
    .meta({ description: 'Variables for the engine, as written.' }),
  command: argv('an argv list, such as [python3, server.py, --port, "{port}"]').meta({
    description:
      'For engine: command. Program and arguments, no shell. {port} {socket} {model_path} and others are filled in.',
  }),
  health: section.meta({ description: 'How the engine says that it is healthy.' }),
  served_name: text('text')
    .refine((name) => /^[^\s\p{Cc}]{1,256}$/u.test(name), { error: 'a name without spaces, at most 256 characters' })
    .meta({ description: 'What the engine calls the model, when it differs from its name here.' }),
}

export const healthShape = {
  path: z
    .string({ error: 'a path such as /health' })
    .regex(/^\/[!-~]*$/, { error: 'a path such as /health' })
    .meta({ description: 'Default /health.' }),
  status: wholeNumber(200, 599).meta({ description: 'Default 200.' }),
}

function parseHostShare(written: string): { readonly share: number } | { readonly bytes: number } | undefined {
  const share = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(written.trim())
  if (!share) {
    const bytes = parseSize(written)
    return bytes ? { bytes } : undefined
  }
  const percent = Number(share[1])
  return percent > 0 && percent <= 100 ? { share: percent / 100 } : undefined
}
