/*
 * Everything that a terminal or a line-based reader could take for a command: C0, DEL, C1, line separators, and the
 * marks that turn the direction of what follows, so that a line could show something else than it says.
 */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g

/** What programs colour their output with: it does nothing but clutter once it is escaped. */
// oxlint-disable-next-line no-control-regex
const COLOUR = /\u001b\[[0-9;]*m/g

/** Text with every control character written as `\u001b`, so that what a client sent cannot move a cursor or forge a line. */
export function escapeControl(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}

/** A line of a program's output: tabs as they are, colours left out, every other control character escaped. */
export function escapeOutput(line: string): string {
  return line.replace(COLOUR, '').split('\t').map(escapeControl).join('\t')
}
