import fc from 'fast-check'
import { describe, expect, test } from 'vitest'

import { createLineSplitter } from '../../../src/lib/line-splitter.ts'

const LIMIT = 16

function split(pieces: readonly Uint8Array[]): string[] {
  const lines: string[] = []
  const splitter = createLineSplitter(LIMIT, (line) => lines.push(line))
  for (const piece of pieces) splitter.write(piece)
  splitter.end()
  return lines
}

describe('lines', () => {
  test.each([
    ['nothing', '', []],
    ['a last line without an end', 'a\nb', ['a', 'b']],
    ['empty lines are left out', '\n\na\n\n', ['a']],
    ['CR LF is one end', 'a\r\nb\r\n', ['a', 'b']],
    ['a lone CR ends a line, as a progress bar writes it', '10%\r20%\r30%\n', ['10%', '20%', '30%']],
    ['a line of the limit is whole', '0123456789abcdef\n', ['0123456789abcdef']],
    ['a longer one is cut', '0123456789abcdefg\nnext', ['0123456789abcdef…', 'next']],
  ])('%s', (_name, text, expected) => {
    expect(split([Buffer.from(text)])).toEqual(expected)
  })

  test('invalid UTF-8 is shown, not thrown', () => {
    expect(split([Buffer.from([0x61, 0xff, 0xfe, 0x0a, 0x62])])).toEqual(['a\u{fffd}\u{fffd}', 'b'])
  })

  test('however the bytes are cut into pieces, the lines are the same', () => {
    const text = fc.array(fc.constantFrom('ä', '語', 'x', '\n', '\r', '0123456789')).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, fc.array(fc.nat(40)), (whole, cuts) => {
        const bytes = Buffer.from(whole)
        const borders = [0, ...cuts.filter((cut) => cut < bytes.length).sort((a, b) => a - b), bytes.length]
        const pieces = borders.slice(1).map((border, index) => bytes.subarray(borders[index], border))
        expect(split(pieces)).toEqual(split([bytes]))
      }),
    )
  })
})
