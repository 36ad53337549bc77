import fc from 'fast-check'
import { assert, expect, test } from 'vitest'
import { renderProblems } from '../../../src/manifest/index.ts'
import { fixture, ON_CPU, ON_GPU, parse, parseBad } from './helpers.ts'

const FULL = fixture('full.yaml')
const ANCHORS = fixture('anchors.yaml')

/** Pieces that mean something to YAML or to us, so that the texts get past the first line. */
const pieces = fc.constantFrom(
  'version: 1\n',
  'models:\n',
  '  m:\n',
  '    engine: ',
  'llama-server\n',
  '    ',
  '  ',
  '\n',
  ': ',
  '- ',
  '[',
  ']',
  '{',
  '}',
  ',',
  '&a ',
  '*a',
  '<<: ',
  '!!str ',
  '!x ',
  '"',
  "'",
  '|\n',
  '#',
  '---\n',
  '%',
  '\t',
  '\r\n',
  '\0',
  '\uFEFF',
  '__proto__',
  'constructor',
  'defaults:\n',
  'ttl: ',
  '5m',
  'source: ',
  'file:x',
  'exec',
  'memory: ',
  'gpus: ',
  'args: ',
  'env: ',
  '${X}',
  '${Y}',
  '${X:-',
  '$${',
  '1e309',
  '\uD800',
)

const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(pieces, { maxLength: 40 }).map((parts) => parts.join('')),
  // A piece of a good manifest replaced by something else.
  fc
    .tuple(fc.constantFrom(FULL, ANCHORS), fc.nat(), fc.nat(30), fc.oneof(pieces, fc.string({ maxLength: 6 })))
    .map(([text, at, length, other]) => {
      const from = at % text.length
      return text.slice(0, from) + other + text.slice(from + length)
    }),
)

test('whatever the text, there is a manifest or a list of problems that can be shown, and nothing is thrown', () => {
  fc.assert(
    fc.property(anyText, fc.constantFrom(ON_CPU, ON_GPU), (text, knowledge) => {
      const result = parse(text, knowledge, { environment: { X: '1' } })
      if (result.kind === 'manifest') return
      const lines = result.text.split('\n')
      expect(result.problems.length).toBeGreaterThan(0)
      for (const { line, column, length } of result.problems) {
        expect(line).toBeGreaterThanOrEqual(1)
        expect(line).toBeLessThanOrEqual(lines.length)
        expect(column).toBeGreaterThanOrEqual(1)
        expect(column).toBeLessThanOrEqual((lines[line - 1]?.length ?? 0) + 1)
        expect(length).toBeGreaterThanOrEqual(1)
      }
      expect(renderProblems(result, { color: true })).not.toBe('')
    }),
    { numRuns: 500 },
  )
})

const sizeOf = (unit: string): string => unit.repeat(Math.floor(200_000 / unit.length))

test.each([
  [
    'a bomb of aliases',
    `version: 1\nx-a: &a [x, x, x, x, x, x, x, x, x]\n${'bcdefghi'
      .split('')
      .map((name, index) => `x-${name}: &${name} [${Array(9).fill(`*${'abcdefgh'[index]}`).join(', ')}]\n`)
      .join('')}models: {}\n`,
    'its aliases stand for more than',
  ],
  ['lists in lists', sizeOf('['), 'nested too deeply'],
  ['lists inside each other that are closed', `models: ${'['.repeat(100)}${']'.repeat(100)}`, 'nested too deeply'],
  ['keys in keys', Array.from({ length: 100 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n'), 'nested too deeply'],
  ['anchors without end', sizeOf('&a '), 'anchor'],
  ['aliases without anchors', `models:\n${sizeOf('- *a\n')}`, 'no anchor &a'],
])('%s: refused', (_name, text, why) => {
  const { problems } = parseBad(text)
  expect(problems.some(({ facts }) => String(facts.why).includes(why))).toBe(true)
})

test('many keys are read in time that grows with their number', () => {
  const models = Array.from({ length: 10_000 }, (_, index) => `  m${index}: { x: 1 }\n`).join('')
  expect(parseBad(`version: 1\nmodels:\n${models}`).problems).toHaveLength(20_000)
})

test('a text over the limit is not looked at', () => {
  const result = parse(`# ${'x'.repeat(1024 * 1024)}\nversion: 1\nmodels: {}\n`)
  assert(result.kind === 'problems')
  expect(result.problems).toMatchObject([{ code: 'manifest_too_large', line: 1, column: 1 }])
  expect(result.text).toBe('')
})

test('many variables that are not set are read in time that grows with their number', () => {
  const environment = Object.fromEntries(Array.from({ length: 300 }, (_, index) => [`VARIABLE_${index}`, 'x']))
  const lines = Array.from({ length: 20_000 }, (_, index) => `  V${index}: "\${VARIABEL_${index}}"\n`).join('')
  const { problems } = parseBad(`version: 1\nmodels: {}\ndefaults:\n env:\n${lines}`, ON_CPU, { environment })
  expect(problems).toHaveLength(20_000)
  expect(problems[0]).toMatchObject({
    facts: { names: ['VARIABEL_0'], nearest: expect.arrayContaining(['VARIABLE_0']) },
  })
})

test('many names that are none are read in time that grows with their number', () => {
  const many = Array.from({ length: 4000 }, (_, index) => index)
  const fallbacks = many.map((index) => `  model${index}: { engine: command, command: [x], fallback: modle${index} }\n`)
  expect(parseBad(`version: 1\nmodels:\n${fallbacks.join('')}`).problems).toHaveLength(4000)
  const names = (word: string): string => Array.from({ length: 60 }, (_, index) => `${word}${index}: 1`).join(', ')
  const models = many.map((index) => `  m${index}: { engine: command, command: [x] }\n`)
  const text = `version: 1
memory: { resources: { ${names('licence')} } }
defaults: { resources: { ${names('licenec')} } }
models:
${models.join('')}`
  expect(parseBad(text).problems).toHaveLength(60)
})
