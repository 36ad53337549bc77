import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { MAX_DEPTH } from '../../../src/gateway/limits.ts'
import { readString, scan } from '../../../src/gateway/scan.ts'

const WANTED = new Set(['model', 'stream'])

function found(text: string): Record<string, string> | string {
  const body = Buffer.from(text)
  const result = scan(body, WANTED)
  if (typeof result === 'string') return result
  return Object.fromEntries([...result.values].map(([key, { start, end }]) => [key, body.toString('utf8', start, end)]))
}

describe('members of the object itself', () => {
  test.each([
    ['{}', {}],
    [' \t\r\n{ \n}\n', {}],
    ['{"model":"a"}', { model: '"a"' }],
    ['{ "model" : "a" , "stream" : true }', { model: '"a"', stream: 'true' }],
    ['{"model":"a","model":"b"}', { model: '"b"' }],
    ['{"\\u006dodel":"a"}', { model: '"a"' }],
    ['{"x":{"model":"inner"},"y":[{"model":"inner"}]}', {}],
    ['{"x":"\\"model\\":\\"no\\"","model":"yes"}', { model: '"yes"' }],
    [`{"x":"${'\\\\'.repeat(40)}","model":"yes"}`, { model: '"yes"' }],
    [`{"x":"${'a'.repeat(100)}\\\\\\"","model":"yes"}`, { model: '"yes"' }],
    ['{"model":{"a":[1,"]"]},"stream":-1.5e+10}', { model: '{"a":[1,"]"]}', stream: '-1.5e+10' }],
    ['{"modell":"a","mode":"b"}', {}],
    ['{"модель":"ü","model":"模型"}', { model: '"模型"' }],
  ])('%s', (text, expected) => {
    expect(found(text)).toEqual(expected)
  })
})

describe('what is no JSON object', () => {
  test.each([
    [''],
    ['null'],
    ['[]'],
    ['"x"'],
    ['{'],
    ['{"model"'],
    ['{"model":'],
    ['{"model":}'],
    ['{"model":"a"'],
    ['{"model":"a",}'],
    ['{"model":"a"}}'],
    ['{"model":"a"} {}'],
    ['{model:"a"}'],
    ["{'model':'a'}"],
    ['{"model":"a" "b":1}'],
    ['{"x":[1,2}'],
    ['{"x":[1,2]]'],
    ['{"x":"\\'],
    ['{"x":"abc'],
    [`{"x":"${'y'.repeat(100)}\\"`],
    ['{"\\x":1}'],
    ['// comment\n{}'],
    ['\uFEFF{"model":"a"}'],
  ])('%j', (text) => {
    expect(found(text)).toBeTypeOf('string')
  })
})

test('nesting is bounded, and the bound itself is allowed', () => {
  const nested = (depth: number): string => `{"x":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`
  expect(found(nested(MAX_DEPTH))).toEqual({})
  expect(found(nested(MAX_DEPTH + 1))).toMatch(/^it nests deeper than/)
  expect(found(`{"x":${'['.repeat(1_000_000)}`)).toMatch(/^it nests deeper than/)
})

test('a string is read with its escapes, and what is no string is null', () => {
  const body = Buffer.from('{"model":"\\u0061\\n","stream":1}')
  const result = scan(body, WANTED)
  if (typeof result === 'string') throw new Error(result)
  const [model, stream] = [result.values.get('model'), result.values.get('stream')]
  expect(model && readString(body, model)).toBe('a\n')
  expect(stream && readString(body, stream)).toBeNull()
})

test('it finds what JSON.parse finds in any object that JSON.stringify can write', () => {
  const key = fc.oneof(fc.constantFrom('model', 'stream', 'x'), fc.string())
  fc.assert(
    fc.property(
      fc.array(fc.tuple(key, fc.jsonValue({ maxDepth: 5 }))),
      fc.constantFrom(undefined, 1, '\t'),
      (members, space) => {
        const inner = members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value, null, space)}`)
        const text = `{${inner.join(space === undefined ? ',' : ' ,\n')}}`
        const parsed = JSON.parse(text) as Record<string, unknown>
        const expected = Object.fromEntries(Object.entries(parsed).filter(([name]) => WANTED.has(name)))
        const values = found(text)
        if (typeof values === 'string') throw new Error(values)
        expect(
          Object.fromEntries(Object.entries(values).map(([name, value]) => [name, JSON.parse(value) as unknown])),
        ).toEqual(expected)
      },
    ),
    { numRuns: 2000 },
  )
})

test('it refuses nothing that JSON.parse takes', () => {
  const piece = fc.constantFrom('{', '}', '[', ']', '"', ':', ',', '\\', '1', 'true', ' ', '"model"', '"a"')
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
      const text = pieces.join('')
      let value: unknown
      try {
        value = JSON.parse(text)
      } catch {
        return
      }
      const isObject = typeof value === 'object' && value !== null && !Array.isArray(value)
      expect(typeof found(text) === 'object').toBe(isObject)
    }),
    { numRuns: 20_000 },
  )
})
