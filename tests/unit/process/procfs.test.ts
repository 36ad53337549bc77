import { describe, expect, test } from 'vitest'

import { parseStat } from '../../../src/process/procfs.ts'

const REST = '5520 3049 0 -1 4194304 102 0 0 0 0 0 0 0 20 0 1 0 119571 3133440 380'

describe('a stat line', () => {
  test.each([
    ['plain', `5531 (cat) R 5520 ${REST}`, true],
    ['a name with blanks and parentheses', `5531 (a) R 1 (b c)) S 5520 ${REST}`, true],
    ['a name with a line break', `5531 (a\nb) D 5520 ${REST}`, true],
    ['a stopped process lives', `5531 (cat) T 5520 ${REST}`, true],
    ['a zombie does not', `5531 (cat) Z 5520 ${REST}`, false],
    ['nor one that is being removed', `5531 (cat) X 5520 ${REST}`, false],
  ])('%s', (_name, text, living) => {
    expect(parseStat(text)).toEqual({ pid: 5531, parent: 5520, session: 3049, startTime: '119571', living })
  })

  test.each([
    ['nothing', ''],
    ['half a line', '5531 (cat) R 5520'],
    ['something else', 'not a stat'],
  ])('%s is none', (_name, text) => {
    expect(parseStat(text)).toBeUndefined()
  })
})
