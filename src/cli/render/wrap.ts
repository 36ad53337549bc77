import { lengthOf, type Look, type Meaning, paint } from './paint.ts'

/** Columns below which text is not broken: what is left would be read word by word. */
const NARROWEST = 20

/**
 * The words of `text` on lines that fit beside `indent` columns of margin, without the margin. One line where nobody
 * looks at columns. A word that is longer than a line keeps its length.
 */
export function wrap(text: string, indent: number, look: Look): readonly string[] {
  if (look.width === null) return [text]
  const width = Math.max(NARROWEST, look.width - indent)
  const lines: string[] = []
  let line = ''
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`
    if (line !== '' && lengthOf(longer) > width) {
      lines.push(line)
      line = word
    } else line = longer
  }
  return [...lines, line]
}

/** `head` and beside it the text, its further lines under its first; `headLength` columns wide without colours. */
export function hang(
  head: string,
  headLength: number,
  text: string,
  look: Look,
  meaning: Meaning | null = null,
): string {
  const margin = ' '.repeat(headLength)
  return wrap(text, headLength, look)
    .map((line, index) => `${index === 0 ? head : margin}${paint(line, meaning, look)}\n`)
    .join('')
}
