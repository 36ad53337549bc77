import { z } from 'zod'
import { formatDuration, parseDuration, parseSize, parseTokens } from '../core/index.ts'
import type { Millis } from '../core/index.ts'
import { notation, textLike } from './leaves.ts'
import type { IssueNotes } from './leaves.ts'
import { nearest } from '../lib/nearest.ts'
import { CONTEXT_MAX, DURATION_MAX } from './limits.ts'

/** Sizes, durations and counts as the manifest writes them (INTERFACE 1). */

const SIZE = String.raw`\d+(\.\d+)?\s*(([KMGTkmgt][Ii]?)?[Bb])?`
const SPAN = String.raw`\d+(\.\d+)?|(\d+(\.\d+)?(ms|s|m|h|d))+`
const like = (...patterns: readonly string[]): RegExp => new RegExp(String.raw`^\s*(${patterns.join('|')})\s*$`)

export const size = notation('a size such as 24GiB', parseSize, like(SIZE))

/** At least a byte, at most so many. */
export function positiveSize(expected: string, most = Number.MAX_SAFE_INTEGER) {
  const parse = (written: string): number | undefined => {
    const bytes = parseSize(written)
    return bytes !== undefined && bytes > 0 && bytes <= most ? bytes : undefined
  }
  return notation(expected, parse, like(SIZE))
}

export const hostShare = notation(
  'a share such as 80% or a size such as 48GiB',
  parseHostShare,
  like(SIZE, String.raw`\d{1,3}(\.\d+)?\s*%`),
)

function parseHostShare(written: string): { readonly share: number } | { readonly bytes: number } | undefined {
  const share = /^(\d{1,3}(?:\.\d+)?)\s*%$/.exec(written.trim())
  if (!share) {
    const bytes = parseSize(written)
    return bytes ? { bytes } : undefined
  }
  const percent = Number(share[1])
  return percent > 0 && percent <= 100 ? { share: percent / 100 } : undefined
}

export const tokens = notation(
  'a count of tokens such as 4096 or 64k',
  (written) => {
    const count = parseTokens(written)
    return count !== undefined && count <= CONTEXT_MAX ? count : undefined
  },
  like(String.raw`\d+\s*[Kk]?`),
)

/** A span of at least so long, and at most. */
export function duration(least: Millis, most: Millis = DURATION_MAX) {
  const expected = 'a duration such as 90s or 5m'
  return z.union([textLike(like(SPAN)), z.number()], { error: expected }).transform((written, context): Millis => {
    const read = readDuration(written, [least, most], expected, '')
    if (typeof read === 'number') return read
    context.issues.push({ code: 'custom', message: read.expected, input: written })
    return z.NEVER
  })
}

/** The same, or a word, which is null. */
export function durationOr(word: string, least: Millis) {
  const expected = `a duration such as 90s or 5m, or ${word}`
  return z
    .union([textLike(like(SPAN, word)), z.number()], { error: expected })
    .transform((written, context): Millis | null => {
      if (written === word) return null
      const read = readDuration(written, [least, DURATION_MAX], expected, `, or ${word}`)
      if (typeof read === 'number') return read
      const params: IssueNotes & Readonly<Record<string, unknown>> = { nearest: nearest(String(written), [word]) }
      context.issues.push({ code: 'custom', message: read.expected, input: written, params })
      return z.NEVER
    })
}

function readDuration(
  written: string | number,
  [least, most]: readonly [least: Millis, most: Millis],
  expected: string,
  or: string,
): Millis | { readonly expected: string } {
  const span = parseDuration(written)
  if (span === undefined) return { expected }
  const fits = span >= least && span <= most
  return fits ? span : { expected: `a duration from ${formatDuration(least)} to ${formatDuration(most)}${or}` }
}
