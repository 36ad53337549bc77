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

/** A value in a notation of ours: a text or a bare number that `parse` understands. */
export function notation<T>(expected: string, parse: (text: string) => T | undefined) {
  return z.union([z.string(), z.number()], { error: expected }).transform((written, context): T => {
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

export function listOf<T extends z.ZodType>(item: T, expected: string) {
  return z.array(item, { error: expected }).min(1, { error: expected })
}
