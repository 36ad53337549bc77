/** More would be a list to read instead of a hint. */
const SHOWN_MAX = 3
/** A longer text is no misspelt name, and the distance costs its length times the name's. */
const LENGTH_MAX = 128
/** The share of letters that may differ. */
const DIFFERENT_MAX = 0.4
/** Beginnings shorter than this say nothing. */
const PREFIX_MIN = 3

/**
 * The names that somebody who wrote `wanted` may have meant, best first, at most three.
 *
 * A name is near when at most two in five letters differ (a swap of neighbours is one difference, case is none);
 * after those come names that begin with what was written. Equal ranks are in code unit order, so that the answer does
 * not depend on the order of `names` or on the locale.
 */
export function nearest(wanted: string, names: Iterable<string>): readonly string[] {
  if (wanted.length === 0 || wanted.length > LENGTH_MAX) return []
  const ranked: { readonly name: string; readonly rank: number }[] = []
  for (const name of new Set(names)) {
    const rank = rankOf(wanted.toLowerCase(), name.toLowerCase())
    if (rank !== undefined) ranked.push({ name, rank })
  }
  ranked.sort((a, b) => a.rank - b.rank || (a.name < b.name ? -1 : 1))
  return ranked.slice(0, SHOWN_MAX).map(({ name }) => name)
}

function rankOf(wanted: string, name: string): number | undefined {
  const allowed = Math.max(1, Math.floor(Math.max(wanted.length, name.length) * DIFFERENT_MAX))
  if (Math.abs(wanted.length - name.length) <= allowed) {
    const distance = editDistance(wanted, name)
    if (distance <= allowed && distance < Math.max(wanted.length, name.length)) return distance
  }
  return wanted.length >= PREFIX_MIN && name.startsWith(wanted) ? LENGTH_MAX + name.length : undefined
}

/** Insertions, deletions, replacements and swaps of neighbours that turn one text into the other (optimal alignment). */
export function editDistance(a: string, b: string): number {
  let beforePrevious: number[] = []
  let previous = Array.from({ length: b.length + 1 }, (_, column) => column)
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row]
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = at(previous, column - 1) + (a[row - 1] === b[column - 1] ? 0 : 1)
      let best = Math.min(at(previous, column) + 1, at(current, column - 1) + 1, replaced)
      const swapped = row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]
      if (swapped) best = Math.min(best, at(beforePrevious, column - 2) + 1)
      current.push(best)
    }
    beforePrevious = previous
    previous = current
  }
  return at(previous, b.length)
}

function at(row: readonly number[], column: number): number {
  return row[column] ?? Number.POSITIVE_INFINITY
}
