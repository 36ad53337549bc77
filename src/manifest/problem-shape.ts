import type { ErrorCode, Facts } from '../core/index.ts'
import { nextOf, sentenceOf } from '../core/index.ts'
import type { ManifestProblem } from './problems.ts'

/** A problem for programs: what it is, where, what to do, and what may have been meant. */
export interface ProblemShape {
  readonly code: ErrorCode
  readonly file: string
  readonly line: number
  readonly column: number
  readonly length: number
  readonly path: string
  readonly message: string
  readonly next: string
  readonly nearest: readonly string[]
  readonly facts: Facts
}

export function problemShape({ code, facts, ...place }: ManifestProblem): ProblemShape {
  const nearest = Array.isArray(facts['nearest']) ? facts['nearest'].map(String) : []
  return { code, ...place, message: sentenceOf(code, facts), next: nextOf(code, facts), nearest, facts }
}
