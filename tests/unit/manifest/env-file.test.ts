import { describe, expect, test } from 'vitest'
import { parseEnvFile } from '../../../src/manifest/env-file.ts'
import { positionsIn } from '../../../src/manifest/positions.ts'
import { collectProblems } from '../../../src/manifest/problems.ts'

function read(text: string) {
  const { report, problems } = collectProblems(positionsIn(text), '/x/.env')
  const variables = Object.fromEntries(parseEnvFile(text, report))
  return { variables, problems: problems() }
}

test.each([
  ['A=1', '1'],
  ['  A = 1  ', '1'],
  ['export A=1', '1'],
  ['export\tA=1\r', '1'],
  ['A=', ''],
  ['A=a b', 'a b'],
  ['A=a=b', 'a=b'],
  ['A=a # b', 'a'],
  ['A=a#b', 'a#b'],
  ['A=#b', '#b'],
  ['A= # b', ''],
  ["A=it's", "it's"],
  ['A=${B} $B \\n', '${B} $B \\n'],
  ['A="a b"', 'a b'],
  ['A=" a "  # b', ' a '],
  ['A="a # b"', 'a # b'],
  ['A=""', ''],
  ['A="\\n\\r\\t\\"\\\\\\$\\`"', '\n\r\t"\\$`'],
  ["A='a \\n \" # ${B}'", 'a \\n " # ${B}'],
  ["A='' # b", ''],
])('%j', (line, value) => {
  expect(read(line)).toEqual({ variables: { A: value }, problems: [] })
})

test('blank lines and comments are skipped, in any line ending', () => {
  expect(read('# a\r\n\r\n  # b\n\t\nA=1\n\nB=2').variables).toEqual({ A: '1', B: '2' })
  expect(read('')).toEqual({ variables: {}, problems: [] })
})

describe('what is wrong has its line and column, and no value', () => {
  test.each([
    ['hunter2', 1, 'there is no ='],
    ['  export hunter2', 10, 'there is no ='],
    ['=hunter2', 1, 'no name'],
    ['A-B=hunter2', 1, 'no name'],
    ['1A=hunter2', 1, 'no name'],
    ['A hunter2=1', 1, 'no name'],
    ['A="hunter2', 3, 'quotes are not closed'],
    ["A='hunter2", 3, 'quotes are not closed'],
    ['A="hunter2\\', 3, 'quotes are not closed'],
    ['A="x"hunter2', 6, 'something follows the closing quote'],
    ["A='x'#hunter2", 6, 'something follows the closing quote'],
    ['A="\\hunter2"', 4, 'escape is not known'],
    ['A=hunter2\0', 10, 'NUL'],
    ['B=hunter2', 1, 'B is set twice'],
  ])('%j', (line, column, why) => {
    const { variables, problems } = read(`B=1\n${line}\nC=3\n`)
    expect(problems).toMatchObject([
      { file: '/x/.env', code: 'env_file_syntax', line: 2, column, facts: { why: expect.stringContaining(why) } },
    ])
    expect(JSON.stringify(problems)).not.toContain('hunter2')
    expect(variables).toEqual({ B: '1', C: '3' })
  })
})
