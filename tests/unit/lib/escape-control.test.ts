import { expect, test } from 'vitest'

import { escapeControl, escapeOutput } from '../../../src/lib/escape-control.ts'

test.each([
  ['plain text', 'żółw 龍 🐢 \u{1f469}\u200d\u{1f4bb}', 'żółw 龍 🐢 \u{1f469}\u200d\u{1f4bb}'],
  ['a command', '\u001b[2J', '\\u001b[2J'],
  ['a title', '\u001b]0;x\u0007', '\\u001b]0;x\\u0007'],
  ['one byte instead of two', '\u009b2J', '\\u009b2J'],
  ['a line of its own', 'a\nb\r\nc\u0085d\u2028e', 'a\\u000ab\\u000d\\u000ac\\u0085d\\u2028e'],
  ['what runs backwards', '\u202eabc\u2069', '\\u202eabc\\u2069'],
  ['null, backspace, delete', '\u0000\b\u007f', '\\u0000\\u0008\\u007f'],
  ['tabs', 'a\tb', 'a\\u0009b'],
])('%s', (_, text, escaped) => {
  expect(escapeControl(text)).toBe(escaped)
})

test.each([
  ['tabs stay', 'a\tb\t', 'a\tb\t'],
  ['colours go', '\u001b[1;31mERROR\u001b[0m x', 'ERROR x'],
  ['a colour that hides a command', '\u001b[31\u001b[2Jm', '\\u001b[31\\u001b[2Jm'],
  ['what looks like a colour once another is gone', '\u001b[\u001b[0m0m', '\\u001b[0m'],
  ['no other sequence', '\u001b[1A\u001b[K\u001b(0', '\\u001b[1A\\u001b[K\\u001b(0'],
])('of an engine’s line, %s', (_, text, shown) => {
  expect(escapeOutput(text)).toBe(shown)
})
