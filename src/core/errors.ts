import { ANSWER_ERRORS } from './errors/answers.ts'
import { ENGINE_ERRORS } from './errors/engines.ts'
import { MANIFEST_ERRORS } from './errors/manifest.ts'
import { OPERATOR_ERRORS } from './errors/operators.ts'
import { REQUEST_ERRORS } from './errors/requests.ts'
import type { ErrorSpec, Facts } from './errors/spec.ts'

export { EXIT } from './errors/spec.ts'
export type { ErrorType, Facts, Fault } from './errors/spec.ts'
export { quote } from './errors/words.ts'

/**
 * Every error of the program, once: an entry stands in the file of those who meet it. A code is for good: a retired one
 * is not used again. Statuses and codes on inference routes are a contract with clients (INTERFACE 3).
 */
export const ERRORS = Object.freeze({
  ...REQUEST_ERRORS,
  ...ANSWER_ERRORS,
  ...OPERATOR_ERRORS,
  ...ENGINE_ERRORS,
  ...MANIFEST_ERRORS,
})

export type ErrorCode = keyof typeof ERRORS
export type FactsOf<C extends ErrorCode> = Parameters<(typeof ERRORS)[C]['sentence']>[0]

/** The one error class: a code of the registry with its facts. The words are made when they are shown. */
export class EnginehouseError<C extends ErrorCode = ErrorCode> extends Error {
  override readonly name = 'EnginehouseError'
  readonly code: C
  readonly facts: FactsOf<C>

  constructor(code: C, facts: FactsOf<C>, options?: { cause?: unknown }) {
    super(sentenceOf(code, facts), options)
    this.code = code
    this.facts = facts
  }

  get next(): string {
    return nextOf(this.code, this.facts)
  }
}

export function sentenceOf(code: ErrorCode, facts: Facts): string {
  return specOf(code).sentence(facts)
}

export function nextOf(code: ErrorCode, facts: Facts): string {
  const { next } = specOf(code)
  return typeof next === 'string' ? next : next(facts)
}

/** Whether a word from outside names an error of the registry. */
export function isErrorCode(word: unknown): word is ErrorCode {
  return typeof word === 'string' && Object.hasOwn(ERRORS, word)
}

/**
 * The registry's entry with its facts' type forgotten: for code that only renders.
 * What a person may read of a code without facts of their own (`explain CODE`, the reference pages) is
 * `sentenceOf(code, specOf(code).example)`, `specOf(code).about` where there is one,
 * `nextOf(code, specOf(code).example)`, and the entry's `status`, `exit`, `fault` and `retry`.
 */
export function specOf(code: ErrorCode): ErrorSpec<Facts> {
  return ERRORS[code] as ErrorSpec<Facts>
}
