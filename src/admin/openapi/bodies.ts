import * as z from 'zod'

/*
 * Bodies of inference routes for the OpenAPI document: what this daemon reads of them. Those of operators' routes are
 * the ones that read them (../bodies.ts).
 */

const asked = {
  model: z.string().optional().describe('A name or alias; without it the model aliased `default`, or the only one.'),
  stream: z.boolean().optional().describe('As server-sent events, as they come.'),
}
const message = z.looseObject({ role: z.string(), content: z.unknown() })

const chat = z.looseObject({ ...asked, messages: z.array(message) })
const completion = z.looseObject({ ...asked, prompt: z.unknown() })
const input = z.looseObject({ ...asked, input: z.unknown() })
const messages = z.looseObject({ ...asked, messages: z.array(message) })
const ranked = z.looseObject({ model: asked.model, query: z.unknown() })
const own = z.looseObject({ ...asked })
const speech = z.looseObject({ ...asked, input: z.string() })
const drawn = z.looseObject({ ...asked, prompt: z.string() })
const file = z.looseObject({ ...asked, file: z.unknown() })
const image = z.looseObject({ ...asked, image: z.unknown() })
const embedding = z.looseObject({ model: asked.model, input: z.unknown() })

const tokens = z.int().min(1).optional().describe('New tokens at most; 100 where nothing is said.')
const share = z.number().min(0).max(1).optional()
const temperature = z.number().min(0).optional()

const seed = z.strictObject({ ...asked, prompt: z.string(), max_length: tokens, temperature, top_p: share })
const tgi = z.strictObject({
  ...asked,
  inputs: z.string(),
  parameters: z
    .strictObject({
      max_new_tokens: tokens,
      temperature,
      top_p: share,
      top_k: z.int().min(1).optional(),
      repetition_penalty: z.number().min(0).optional(),
      frequency_penalty: z.number().min(-2).max(2).optional(),
      seed: z.int().min(0).optional(),
      stop: z.array(z.string()).optional(),
      do_sample: z.boolean().optional(),
      return_full_text: z.boolean().optional(),
      details: z.boolean().optional(),
    })
    .nullable()
    .optional(),
})

export const INFERENCE_BODIES: Readonly<Record<string, z.ZodType>> = Object.freeze({
  'POST /v1/chat/completions': chat,
  'POST /chat/completions': chat,
  'POST /v1/completions': completion,
  'POST /completions': completion,
  'POST /v1/embeddings': embedding,
  'POST /embeddings': embedding,
  'POST /v1/responses': input,
  'POST /responses': input,
  'POST /v1/messages': messages,
  'POST /v1/messages/count_tokens': messages,
  'POST /v1/rerank': ranked,
  'POST /v2/rerank': ranked,
  'POST /reranking': ranked,
  'POST /rerank': ranked,
  'POST /v1/score': own,
  'POST /tokenize': own,
  'POST /detokenize': own,
  'POST /infill': own,
  'POST /v1/audio/transcriptions': file,
  'POST /v1/audio/translations': file,
  'POST /v1/audio/speech': speech,
  'POST /v1/images/generations': drawn,
  'POST /v1/images/edits': image,
  'POST /v1/images/variations': image,
  'POST /v1/generate': z.union([seed, tgi]),
  'POST /generate': tgi,
  'POST /generate_stream': tgi,
})

/** Those that come as forms, as files are among their fields. */
export const FORM_BODIES: ReadonlySet<string> = new Set([
  'POST /v1/audio/transcriptions',
  'POST /v1/audio/translations',
  'POST /v1/images/edits',
  'POST /v1/images/variations',
])
