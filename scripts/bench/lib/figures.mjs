// Figures of several rounds, and how they are shown.

/** { median, min, max, mean, values } of numbers; the median of an even count is the mean of the two in the middle. */
export function summarize(values) {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length / 2
  const median = (sorted[Math.floor(middle)] + sorted[Math.ceil(middle) - 1]) / 2
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  return { median, min: sorted[0], max: sorted.at(-1), mean, values }
}

/** Three figures that carry information, never an exponent. */
export function show(value) {
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2
  return value.toFixed(digits)
}

/** `median (min-max)`. */
export function showSummary({ median, min, max }) {
  return `${show(median)} (${show(min)}-${show(max)})`
}

/** A Markdown table; the first row is its head. */
export function table([head, ...rows]) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}
