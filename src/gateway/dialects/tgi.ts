import type { Asked } from '../asked.ts'
import { OUR_FIELDS } from '../asked.ts'
import { COMPLETIONS, completionBody, DEFAULT_NEW_TOKENS, translateCompletion } from './completion.ts'
import type { Completion, CompletionWriter } from './completion.ts'
import type { Dialect, Translated } from './dialect.ts'
import { invalid, readFields } from './fields.ts'
import type { Fields } from './fields.ts'
import { NEW_TOKENS, SHARE, TEMPERATURE } from './seed.ts'

const FIELDS = ['model', 'inputs', 'parameters', 'stream', ...OUR_FIELDS]
const TRANSLATED = [
  'max_new_tokens',
  'temperature',
  'top_p',
  'top_k',
  'repetition_penalty',
  'frequency_penalty',
  'seed',
  'stop',
  'do_sample',
  'return_full_text',
  'details',
]
/** What a completion cannot do; clients send them with the value that asks for nothing. */
const NOT_TRANSLATED: Readonly<Record<string, readonly string[]>> = {
  best_of: ['1'],
  typical_p: ['1', '1.0'],
  truncate: [],
  watermark: ['false'],
  decoder_input_details: ['false'],
  top_n_tokens: ['0'],
  grammar: [],
  adapter_id: [],
}

/** `{inputs, parameters}` gives `{generated_text, details?}`; with `stream` an event per piece of text. */
export const tgi: Dialect = { translate: (asked) => translate(asked, asked.stream) }

/** The same, always as events. */
export const tgiStream: Dialect = { translate: (asked) => translate(asked, true) }

function translate({ body }: Asked, stream: boolean): Translated {
  const fields = readFields(body, FIELDS)
  const inputs = fields.string('inputs')
  if (inputs === null) throw invalid('inputs', 'a string')
  const parameters = readParameters(fields.raw('parameters') ?? '{}')
  const before = parameters.flag('return_full_text') === true ? decoded(inputs) : ''
  const details = parameters.flag('details') === true
  return {
    path: COMPLETIONS,
    asked: completionBody({ prompt: inputs, ...membersOf(parameters) }, stream),
    answer: () => translateCompletion(writer({ before, details, seed: parameters.raw('seed') })),
  }
}

function readParameters(text: string): Fields {
  const parameters = readFields(Buffer.from(text), [...TRANSLATED, ...Object.keys(NOT_TRANSLATED)], 'parameters')
  for (const [name, harmless] of Object.entries(NOT_TRANSLATED)) {
    const raw = parameters.raw(name)
    if (raw !== null && !harmless.includes(raw))
      throw invalid(`parameters.${name}`, 'left out: engines that complete text do not know it')
  }
  return parameters
}

function membersOf(parameters: Fields): Readonly<Record<string, string | null>> {
  const temperature = parameters.number('temperature', TEMPERATURE)
  const topP = parameters.number('top_p', SHARE)
  const topK = parameters.number('top_k', NEW_TOKENS)
  const penalty = parameters.number('repetition_penalty', PENALTY)
  const isSampled = parameters.flag('do_sample') === true || temperature !== null || topP !== null || topK !== null
  return {
    max_tokens: parameters.number('max_new_tokens', NEW_TOKENS) ?? String(DEFAULT_NEW_TOKENS),
    // Text-generation servers sample only when they are asked to; completions always do.
    temperature: isSampled ? temperature : '0',
    top_p: topP,
    top_k: topK,
    // Engines have one name or the other, and leave the one that they do not know.
    repetition_penalty: penalty,
    repeat_penalty: penalty,
    frequency_penalty: parameters.number('frequency_penalty', SIGNED),
    seed: parameters.number('seed', SEED),
    stop: stopOf(parameters),
  }
}

const PENALTY = { least: 0, most: 100, kind: 'any', expected: 'a number from 0 on' } as const
const SIGNED = { least: -2, most: 2, kind: 'any', expected: 'a number from -2 to 2' } as const
const SEED = { least: 0, most: 2 ** 64, kind: 'whole', expected: 'a whole number from 0 on' } as const

function stopOf(parameters: Fields): string | null {
  const raw = parameters.raw('stop')
  if (raw === null) return null
  const value = parsed(raw)
  const isList = Array.isArray(value) && value.every((each) => typeof each === 'string')
  if (!isList) throw invalid('parameters.stop', 'a list of strings')
  return value.length === 0 ? null : raw
}

function decoded(raw: string): string {
  return String(parsed(raw) ?? '')
}

/** Undefined for what is not JSON: a body above the limit up to which it is parsed whole is not looked at before. */
function parsed(raw: string): unknown {
  try {
    return JSON.parse(raw)
  } catch (error) {
    if (error instanceof SyntaxError) return undefined
    throw error
  }
}

interface WriterOptions {
  /** What stands before the generated text. */
  readonly before: string
  readonly details: boolean
  readonly seed: string | null
}

/** Ids and probabilities of tokens are not in a completion: the id is 0, as the form wants a number, the rest null. */
function writer({ before, details, seed }: WriterOptions): CompletionWriter {
  const ending = (completion: Completion) => ({
    finish_reason: finishOf(completion),
    generated_tokens: completion.completionTokens,
    seed: seed === null ? null : Number(seed),
  })
  return {
    whole: (completion) => ({
      generated_text: before + completion.text,
      ...(details ? { details: { ...ending(completion), prefill: [], tokens: [] } } : {}),
    }),
    token: (text, index) => ({
      index,
      token: { id: 0, text, logprob: null, special: false },
      generated_text: null,
      details: null,
    }),
    // The end of a text is a token of its own there, and a special one.
    last: (completion, index) => ({
      index,
      token: { id: 0, text: '', logprob: null, special: true },
      generated_text: before + completion.text,
      details: details ? { ...ending(completion), input_length: completion.promptTokens } : null,
    }),
  }
}

function finishOf({ finish, stoppedBy }: Completion): string {
  if (finish === 'length') return 'length'
  return stoppedBy === null ? 'eos_token' : 'stop_sequence'
}
