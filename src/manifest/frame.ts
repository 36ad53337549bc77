import type { ManifestProblem } from './problems.ts'

/** Lines that are shown before the one with the problem. */
const BEFORE = 2
/** A longer line is shown around the problem only. */
const WIDTH_MAX = 110

/** A row of a code frame: `> 7 |` and the text, or the carets below it. */
export interface FrameRow {
  readonly kind: 'context' | 'line' | 'carets'
  readonly gutter: string
  readonly text: string
}

/** The line of a problem with those before it, and carets under what is wrong; nothing when there is no such line. */
export function frameOf(lines: readonly string[], { line, column, length }: ManifestProblem): readonly FrameRow[] {
  const text = lines[line - 1]
  if (text === undefined || text.trim() === '') return []
  const digits = String(line).length
  const from = Math.max(0, Math.min(column - 1 - WIDTH_MAX / 2, text.length - WIDTH_MAX))
  const cut = (row: string): string => shown(row.slice(from, from + WIDTH_MAX))
  const rows: FrameRow[] = []
  for (let number = Math.max(1, line - BEFORE); number <= line; number += 1) {
    const kind = number === line ? 'line' : 'context'
    const gutter = `${kind === 'line' ? '>' : ' '} ${String(number).padStart(digits)} |`
    rows.push({ kind, gutter, text: cut(lines[number - 1] ?? '') })
  }
  const start = column - 1 - from
  const width = Math.max(1, Math.min(length, text.trimEnd().length - column + 1, WIDTH_MAX - start))
  rows.push({ kind: 'carets', gutter: `  ${' '.repeat(digits)} |`, text: ' '.repeat(start) + '^'.repeat(width) })
  return rows
}

/** One column per character, and nothing that a terminal would obey. */
function shown(row: string): string {
  return row
    .replace(/\r$/, '')
    .replaceAll('\t', ' ')
    .replace(/\p{Cc}/gu, '\uFFFD')
}
