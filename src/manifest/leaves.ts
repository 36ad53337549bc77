import { z } from 'zod'

/**
 * Pieces that the schema is made of. The message of every issue is the phrase that says what was expected ("a size such
 * as 24GiB"): it ends the sentence "memory must be …".
 */

/** Facts that a leaf adds to its issue. */
export interface IssueNotes {
  /** What was written is known, but not to this version. */
  readonly later?: string
  readonly nearest?: readonly string[]
}

/** What the schema says about a key beside its type: as the manifest writes it, not as the program reads it. */
export interface Hint {
  readonly default?: unknown
  /** Further values that an editor may offer. */
  readonly examples?: readonly unknown[]
}

/** A key's description, with its default and examples for editors where they are not words of the type. */
export function about(description: string, byDefault?: unknown, examples?: readonly unknown[]) {
  const hint: Hint = {
    ...(byDefault === undefined ? {} : { default: byDefault }),
    ...(examples === undefined ? {} : { examples }),
  }
  return { description, hint }
}

/** Text of a notation for the schema of editors: parsers judge it, and are stricter. */
export function textLike(pattern: RegExp) {
  return z.string().meta({ pattern: pattern.source })
}

/** A value in a notation of ours: a text or a bare number that `parse` understands. */
export function notation<T>(expected: string, parse: (text: string) => T | undefined, pattern: RegExp) {
  return z.union([textLike(pattern), z.number()], { error: expected }).transform((written, context): T => {
    const value = parse(String(written))
    if (value !== undefined) return value
    context.issues.push({ code: 'custom', message: expected, input: written })
    return z.NEVER
  })
}

export function wholeNumber(least: number, most: number) {
  const error = `a whole number from ${least} to ${most}`
  return z.int({ error }).min(least, { error }).max(most, { error })
}

/** Text that may be written without quotes although YAML takes it for a number or a boolean. */
export function text(expected: string) {
  return z.union([z.string(), z.number(), z.boolean()], { error: expected }).transform(String)
}

export function listOf<T extends z.ZodType>(item: T, expected: string, most = Number.MAX_SAFE_INTEGER) {
  return z
    .array(item, { error: expected })
    .min(1, { error: expected })
    .max(most, { error: `a list of at most ${most}` })
}

/** A mapping whose own keys are read one by one. */
export const section = z.custom<object>(
  (value) => typeof value === 'object' && value !== null && !Array.isArray(value),
  { error: 'a mapping of keys' },
)
