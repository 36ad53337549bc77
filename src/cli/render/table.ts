import { cut, cutStart, lengthOf, type Look, type Meaning, paint } from './paint.ts'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
  /** The narrowest that it may become where the line is too long; without it the column keeps its width. */
  readonly shrinksTo?: number
  /** Left out where the others would not fit beside it, the highest number first. */
  readonly optional?: number
  /** Which end of a text is kept where it is too long; the start, if nothing is said. */
  readonly keeps?: 'end'
}

export interface Cell {
  readonly text: string
  readonly meaning?: Meaning
}

const GAP = '  '

/**
 * Lines of a table, the titles first. Where they would not fit, optional columns are left out, then columns that may
 * shrink give up width one by one, always the widest of them, and `…` stands for what is left out of their texts; what
 * is too wide even so runs on.
 */
export function table(all: readonly Column[], every: readonly (readonly Cell[])[], look: Look): string {
  const kept = keptColumns(all, every, look.width)
  const columns = kept.map((index) => all[index] ?? { title: '' })
  const rows = every.map((row) => kept.map((index) => row[index] ?? { text: '' }))
  const widths = fit(columns, naturalWidths(columns, rows), look.width)
  const titles = columns.map((column): Cell => ({ text: column.title, meaning: 'heading' }))
  return [titles, ...rows].map((cells) => line(columns, cells, widths, look)).join('')
}

/** The columns that fit when each is as narrow as it may be, by their positions. */
function keptColumns(
  columns: readonly Column[],
  rows: readonly (readonly Cell[])[],
  width: number | null,
): readonly number[] {
  const narrowest = naturalWidths(columns, rows).map((natural, index) =>
    Math.min(natural, columns[index]?.shrinksTo ?? natural),
  )
  let kept = [...columns.keys()]
  const needed = (): number => kept.reduce((sum, index) => sum + (narrowest[index] ?? 0) + GAP.length, -GAP.length)
  while (width !== null && needed() > width) {
    const optional = kept.filter((index) => columns[index]?.optional !== undefined)
    if (optional.length === 0) break
    const rank = (index: number): number => columns[index]?.optional ?? 0
    const last = optional.reduce((first, index) => (rank(index) > rank(first) ? index : first))
    kept = kept.filter((index) => index !== last)
  }
  return kept
}

function naturalWidths(columns: readonly Column[], rows: readonly (readonly Cell[])[]): number[] {
  return columns.map((column, index) =>
    rows.reduce((width, row) => Math.max(width, lengthOf(row[index]?.text ?? '')), column.title.length),
  )
}

function fit(columns: readonly Column[], natural: readonly number[], width: number | null): readonly number[] {
  const widths = [...natural]
  if (width === null) return widths
  let excess = widths.reduce((sum, each) => sum + each, GAP.length * (columns.length - 1)) - width
  for (const most of [Number.POSITIVE_INFINITY, NARROWEST]) {
    while (excess > 0) {
      const widest = widestShrinkable(columns, widths, most)
      if (widest === undefined) break
      widths[widest] = (widths[widest] ?? 0) - 1
      excess -= 1
    }
  }
  return widths
}

/** On a terminal too narrow for anything else, names are cut to this. */
const NARROWEST = 8

/** `most`: the width down to which a column may shrink even where it says that it would not. */
function widestShrinkable(columns: readonly Column[], widths: readonly number[], most: number): number | undefined {
  let widest: number | undefined
  for (const [index, column] of columns.entries()) {
    const width = widths[index] ?? 0
    if (column.shrinksTo === undefined || width <= Math.min(column.shrinksTo, most)) continue
    if (widest === undefined || width > (widths[widest] ?? 0)) widest = index
  }
  return widest
}

function line(columns: readonly Column[], cells: readonly Cell[], widths: readonly number[], look: Look): string {
  const parts = columns.map((column, index) => {
    const cell = cells[index] ?? { text: '' }
    const width = widths[index] ?? 0
    const text = column.keeps === 'end' ? cutStart(cell.text, width) : cut(cell.text, width)
    const padding = ' '.repeat(width - lengthOf(text))
    const painted = paint(text, cell.meaning ?? null, look)
    return column.align === 'right' ? padding + painted : painted + padding
  })
  return `${parts.join(GAP).trimEnd()}\n`
}
