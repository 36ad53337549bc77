import { stripVTControlCharacters } from 'node:util'

/** What a colour says, never which colour it is. */
export type Meaning = 'good' | 'busy' | 'bad' | 'quiet' | 'heading'

const CODES: Readonly<Record<Meaning, string>> = Object.freeze({
  good: '32',
  busy: '33',
  bad: '31',
  quiet: '2',
  heading: '1',
})

/** How a text may be drawn. */
export interface Look {
  readonly color: boolean
  /** Columns; null where nobody looks at columns (a pipe, a file). */
  readonly width: number | null
}

export function paint(text: string, meaning: Meaning | null, look: Look): string {
  return look.color && meaning !== null && text !== '' ? `\u001b[${CODES[meaning]}m${text}\u001b[0m` : text
}

/**
 * A text from elsewhere (an engine's words, a driver's name) on one line, without colours and with other control
 * characters shown as `?`: a terminal obeys them.
 */
export function plain(text: string): string {
  return stripVTControlCharacters(text)
    .replace(/\s+/g, ' ')
    .replace(/[\p{Cc}\p{Cf}]/gu, '?')
}

/** Text of a model or an engine as it is, without what a terminal would obey. Tabs and line feeds stay. */
export function forTerminal(text: string): string {
  return stripVTControlCharacters(text).replace(/(?![\t\n])\p{Cc}/gu, '?')
}

/** At most `width` characters, the last one `…` when something was left out. */
export function cut(text: string, width: number): string {
  const characters = [...text]
  if (characters.length <= width) return text
  return width <= 0 ? '' : `${characters.slice(0, width - 1).join('')}…`
}

/** The same, keeping the end: of a path the last part says most. */
export function cutStart(text: string, width: number): string {
  const characters = [...text]
  if (characters.length <= width) return text
  return width <= 0 ? '' : `…${characters.slice(characters.length - width + 1).join('')}`
}

export function lengthOf(text: string): number {
  return [...text].length
}
