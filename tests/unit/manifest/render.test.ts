import { expect, test } from 'vitest'
import { renderProblems } from '../../../src/manifest/index.ts'
import { parseBad } from './helpers.ts'

const TEXT = `version: 1
models:
  m:
    engine: llama-server
    source: file:m.gguf
    contxt: 4096
    ttl: soon
`

test('each problem has its place, the lines around it, what is wrong and what to do', () => {
  expect(renderProblems(parseBad(TEXT), { color: false }))
    .toBe(`/etc/test/enginehouse.yaml:6:5: There is no key "contxt" under models.m.
  4 |     engine: llama-server
  5 |     source: file:m.gguf
> 6 |     contxt: 4096
    |     ^^^^^^
  Did you mean "context"?

/etc/test/enginehouse.yaml:7:10: models.m.ttl must be a duration such as 90s or 5m, or never, not "soon".
  5 |     source: file:m.gguf
  6 |     contxt: 4096
> 7 |     ttl: soon
    |          ^^^^
  Correct the value.
`)
})

test('colour adds nothing but colour', () => {
  const colored = renderProblems(parseBad(TEXT), { color: true })
  // oxlint-disable-next-line no-control-regex
  const escapes = /\u001B\[\d+m/g
  expect(colored).toMatch(escapes)
  expect(colored.replaceAll(escapes, '')).toBe(renderProblems(parseBad(TEXT), { color: false }))
})

test('a long line is cut around the problem', () => {
  const text = `version: 1\nmodels: { ${'x: { engine: command, command: [x] }, '.repeat(1)}y: { ${' '.repeat(300)}ttl: soon, engine: command, command: [y] } }\n`
  const rows = renderProblems(parseBad(text), { color: false }).split('\n')
  expect(Math.max(...rows.slice(1).map((row) => row.length))).toBeLessThan(130)
  const [line, carets] = [rows.findIndex((row) => row.startsWith('>')), rows.findIndex((row) => row.includes('^'))]
  expect(rows[line]?.slice(rows[carets]?.indexOf('^'), (rows[carets]?.lastIndexOf('^') ?? 0) + 1)).toBe('soon')
})

test('control characters of the file do not reach the terminal', () => {
  const shown = renderProblems(parseBad('version: 1\nmodels: {}\n"\u001B[31m": 1 # \u001B]0;x\u0007\n'), {
    color: false,
  })
  // oxlint-disable-next-line no-control-regex
  expect(shown).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F]/)
})

test('an empty file has no frame', () => {
  expect(renderProblems(parseBad(''), { color: false })).toBe(
    '/etc/test/enginehouse.yaml:1:1: The manifest is empty.\n  Write `version: 1` and `models:`; `enginehouse init` proposes a whole one.\n',
  )
})

test('only the first problems of many are shown', () => {
  const keys = Array.from({ length: 60 }, (_, index) => `k${index}: 1\n`).join('')
  const shown = renderProblems(parseBad(`version: 1\nmodels: {}\n${keys}`), { color: false })
  expect(shown.match(/There is no key/g)).toHaveLength(50)
  expect(shown.endsWith('\n… and 10 more.\n')).toBe(true)
})
