import type { ModelName } from '../../core/index.ts'
import { OUR_FIELDS } from '../asked.ts'
import { COMPLETIONS, completionBody, DEFAULT_NEW_TOKENS, translateCompletion } from './completion.ts'
import type { Completion, CompletionWriter } from './completion.ts'
import type { Dialect } from './dialect.ts'
import { invalid, readFields } from './fields.ts'

const FIELDS = ['model', 'prompt', 'max_length', 'temperature', 'top_p', 'stream', ...OUR_FIELDS]

/** `{prompt, max_length, temperature, top_p, stream}` gives `{generated_text, model, usage}`. */
export const seed: Dialect = {
  translate({ body, stream }) {
    const fields = readFields(body, FIELDS)
    const prompt = fields.string('prompt')
    if (prompt === null) throw invalid('prompt', 'a string')
    const members = {
      prompt,
      max_tokens: fields.number('max_length', NEW_TOKENS) ?? String(DEFAULT_NEW_TOKENS),
      temperature: fields.number('temperature', TEMPERATURE),
      top_p: fields.number('top_p', SHARE),
    }
    return {
      path: COMPLETIONS,
      asked: completionBody(members, stream),
      answer: (model) => translateCompletion(writer(model)),
    }
  },
}

export const NEW_TOKENS = { least: 1, most: 2 ** 31 - 1, kind: 'whole', expected: 'a whole number from 1 on' } as const
export const TEMPERATURE = { least: 0, most: 100, kind: 'any', expected: 'a number from 0 on' } as const
export const SHARE = { least: 0, most: 1, kind: 'any', expected: 'a number from 0 to 1' } as const

/**
 * A stream is one event per piece of text, and a last one that is the whole answer: the form of text-generation servers,
 * so that one reader reads both.
 */
function writer(model: ModelName): CompletionWriter {
  const whole = ({ text, promptTokens, completionTokens }: Completion) => ({
    generated_text: text,
    model,
    usage: { prompt_tokens: promptTokens, completion_tokens: completionTokens },
  })
  return {
    whole,
    token: (text, index) => ({ index, token: { text }, generated_text: null }),
    last: (completion, index) => ({ index, token: { text: '' }, ...whole(completion) }),
  }
}
