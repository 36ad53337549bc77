/** What stands at the head of a page that is written by the program. */
export const NOTICE = '<!-- Written by `npx tsx scripts/write-reference.ts` from the code. Edits here are lost. -->'

/** A page or a part of one: its pieces with an empty line between them. */
export function paragraphs(...parts: readonly (string | readonly string[])[]): string {
  return parts.flat().join('\n\n')
}

/** A column in which no row has anything is left out. A cell may not hold a line break, and a bar would end it. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const shown = head.flatMap((_, column) => (rows.some((row) => row[column]) ? [column] : []))
  const line = (cells: readonly string[]): string =>
    `| ${shown.map((column) => cell(cells[column] ?? '')).join(' | ')} |`
  return [line(head), `|${'---|'.repeat(shown.length)}`, ...rows.map(line)].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll(/\s+/g, ' ').trim()
}

export function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}

export function fenced(language: string, text: string): string {
  return `\`\`\`${language}\n${text.trimEnd()}\n\`\`\``
}

/** A sentence out of a phrase: capital letter, full stop. */
export function sentence(phrase: string): string {
  const text = phrase.trim()
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}${/[.?!]$/.test(text) ? '' : '.'}`
}
