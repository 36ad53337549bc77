import { createHash } from 'node:crypto'

/** Longest name that is kept as it is. File systems take 255 bytes; the rest is room for suffixes. */
const LONGEST = 160
const KEPT_OF_LONG = 100

/**
 * A file name for a name that others chose: one path component, never hidden, never `.` or `..`, and never the same
 * for two names. What is not a letter, digit, `.`, `_` or `-` becomes the percent escape of its UTF-8 bytes; a name
 * too long for that ends in `~` and 128 bits of its hash. `~` occurs nowhere else, so suffixes that begin with it
 * are free for the caller.
 */
export function safeName(name: string): string {
  if (name === '') return '%'
  let escaped = ''
  for (const byte of Buffer.from(name)) escaped += isPlain(byte) ? String.fromCharCode(byte) : escapeByte(byte)
  if (escaped.startsWith('.')) escaped = escapeByte(0x2e) + escaped.slice(1)
  if (escaped.length <= LONGEST) return escaped
  const digest = createHash('sha256').update(name).digest('hex').slice(0, 32)
  return `${escaped.slice(0, KEPT_OF_LONG)}~${digest}`
}

function isPlain(byte: number): boolean {
  return /[A-Za-z0-9._-]/.test(String.fromCharCode(byte))
}

function escapeByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase().padStart(2, '0')}`
}
