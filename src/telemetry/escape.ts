/* Everything that a terminal or a line-based reader could take for a command: C0, DEL, C1, line separators. */
// oxlint-disable-next-line no-control-regex
const CONTROL = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g

/** Text with every control character written as `\u001b`, so that what a client sent cannot move a cursor or forge a line. */
export function escapeControl(text: string): string {
  return text.replace(CONTROL, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`)
}
