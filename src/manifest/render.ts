import { nextOf, sentenceOf } from '../core/index.ts'
import type { ManifestProblem, PlacedProblems } from './problems.ts'
import { frameOf } from './frame.ts'

export interface RenderOptions {
  /** ANSI colours, for a terminal. */
  readonly color: boolean
}

/** Further ones are counted: they come from the same few mistakes. */
const SHOWN_MAX = 50

/**
 * Problems for people: for each `file:line:column: sentence`, the lines around it, and what to do.
 * Ends with a line feed.
 */
export function renderProblems(problems: PlacedProblems, options: RenderOptions): string {
  return render(problems, '', options)
}

/** The same for warnings, each called so; nothing when there is none. */
export function renderWarnings(warnings: PlacedProblems, options: RenderOptions): string {
  return render(warnings, 'warning: ', options)
}

function render({ problems, path, text }: PlacedProblems, kind: string, { color }: RenderOptions): string {
  const paint = color ? ansi : plain
  const lines = text.split('\n')
  const shown = problems.slice(0, SHOWN_MAX).map((problem) => renderProblem(problem, kind, path, lines, paint))
  const more = problems.length - shown.length
  return [...shown, ...(more > 0 ? [`… and ${more} more.\n`] : [])].join('\n')
}

function renderProblem(
  problem: ManifestProblem,
  kind: string,
  path: string,
  lines: readonly string[],
  paint: Paint,
): string {
  const { file, code, facts, line, column } = problem
  const head = `${paint.strong(`${file}:${line}:${column}:`)} ${kind}${sentenceOf(code, facts)}`
  // The lines of a `.env` hold secrets.
  const frame = (file === path ? frameOf(lines, problem) : []).map(({ kind, gutter, text }) => {
    const row = `${gutter} ${text}`.trimEnd()
    return kind === 'context' ? paint.faint(row) : kind === 'carets' ? paint.mark(row) : row
  })
  return [head, ...frame, `  ${nextOf(code, facts)}`, ''].join('\n')
}

interface Paint {
  readonly strong: (text: string) => string
  readonly faint: (text: string) => string
  readonly mark: (text: string) => string
}

const same = (text: string): string => text
const plain: Paint = { strong: same, faint: same, mark: same }
const ansi: Paint = {
  strong: (text) => `\u001B[1m${text}\u001B[22m`,
  faint: (text) => `\u001B[2m${text}\u001B[22m`,
  mark: (text) => `\u001B[31m${text}\u001B[39m`,
}
