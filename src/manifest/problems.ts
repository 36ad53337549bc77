import type { ErrorCode, Facts, FactsOf } from '../core/index.ts'
import { dotted } from './path.ts'
import type { Path } from './path.ts'
import type { Position } from './positions.ts'

/** One thing that is wrong with a manifest; the words are made when it is shown. */
export interface ManifestProblem {
  /** Absolute path of the file that has it: the manifest's, or that of the `.env` beside it. */
  readonly file: string
  readonly code: ErrorCode
  readonly facts: Facts
  /** 1-based. */
  readonly line: number
  /** 1-based, in UTF-16 units, as editors count. */
  readonly column: number
  /** Of the marked text, at least 1; it may run over the end of the line. */
  readonly length: number
  /** Dotted key path; empty for the text as a whole. */
  readonly path: string
}

/** Everything that is wrong: with the `.env` beside the manifest, then with its text in the order of the text. */
export interface ManifestProblems extends PlacedProblems {
  readonly kind: 'problems'
}

/** Problems, or warnings, with the text that shows them. */
export interface PlacedProblems {
  readonly problems: readonly ManifestProblem[]
  /** Of the manifest, absolute. */
  readonly path: string
  readonly text: string
}

/** Offsets into the text, the end excluded. */
export type Span = readonly [start: number, end: number]

export interface Report {
  <C extends ErrorCode>(code: C, facts: FactsOf<C>, span: Span, path: Path): void
}

export interface ProblemList {
  readonly report: Report
  readonly count: () => number
  /** Sorted by place. */
  readonly problems: () => readonly ManifestProblem[]
}

/**
 * Collects problems. What is found twice is kept once: a text that several models share (an anchor, `defaults`) is
 * wrong at one place, and a value that is refused for what it contains is not judged again for what it means.
 */
export function collectProblems(positionOf: (offset: number) => Position, file: string): ProblemList {
  const found = new Map<string, { readonly start: number; readonly problem: ManifestProblem }>()
  return {
    report(code, facts, [start, end], path) {
      const key = JSON.stringify([start, path.at(-1) ?? null])
      if (found.has(key)) return
      const length = Math.max(1, end - start)
      const problem = { file, code, facts, ...positionOf(start), length, path: dotted(path) }
      found.set(key, { start, problem: Object.freeze(problem) })
    },
    count: () => found.size,
    problems: () => [...found.values()].toSorted((a, b) => a.start - b.start).map(({ problem }) => problem),
  }
}
