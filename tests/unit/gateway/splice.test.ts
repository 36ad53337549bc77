import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EnginehouseError } from '../../../src/core/index.ts'
import { readAsked } from '../../../src/gateway/asked.ts'
import { bodyFor } from '../../../src/gateway/splice.ts'

const space = fc.constantFrom('', ' ', '\n', '\t ')
/** Two ways to write one text: JSON strings may escape anything. */
const quoted = fc.tuple(fc.string(), fc.boolean()).map(([text, escaped]) =>
  escaped
    ? `"${[...text]
        .flatMap((character) => character.split(''))
        .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
        .join('')}"`
    : JSON.stringify(text),
)
const value = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }).map((each) => JSON.stringify(each)),
  fc.constantFrom('9007199254740993', '1e400', '-0.0', '1.10', '"\\ud800"', '[ ]', '{ }'),
)
const modelKey = fc.constantFrom('"model"', '"\\u006dodel"', '"mod\\u0065l"')

const member = fc.oneof(
  {
    weight: 2,
    arbitrary: fc.tuple(
      quoted.filter(
        (key) => !['model', 'stream', 'ttl', 'keep_alive', 'backend', 'device'].includes(JSON.parse(key) as string),
      ),
      value,
    ),
  },
  { weight: 1, arbitrary: fc.tuple(modelKey, quoted) },
)

test('only the last `model` changes, wherever it stands and however it is written', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(space, member, space), { maxLength: 8 }),
      fc.string({ minLength: 1 }),
      (members, served) => {
        const parts = members.map(([before, [key, text], after]) => ({
          key,
          before: `${before}${key}${after}:${before}`,
          text,
          after,
        }))
        const write = (at: number): string =>
          `{${parts.map((part, index) => part.before + (index === at ? JSON.stringify(served) : part.text) + part.after).join(',')}}`
        const asked = readAsked(Buffer.from(write(-1)))
        const result = bodyFor(asked, served).toString()
        const last = parts.findLastIndex(({ key }) => JSON.parse(key) === 'model')
        if (last < 0) {
          expect(asked.model).toBeNull()
          expect(result).toBe(`{"model":${JSON.stringify(served)}${parts.length > 0 ? ',' : ''}${write(-1).slice(1)}`)
          return
        }
        const name: unknown = JSON.parse(parts[last]?.text ?? '')
        expect(asked.model).toBe(name)
        expect(result).toBe(name === served ? write(-1) : write(last))
      },
    ),
    { numRuns: 2000 },
  )
})

test('a body whose model is the served one is passed on as it is, not copied', () => {
  const body = Buffer.from('{"model":"m"}')
  expect(bodyFor(readAsked(body), 'm')).toBe(body)
})

function refusal(text: string | Buffer): { code: string; facts: unknown } {
  try {
    readAsked(Buffer.from(text))
  } catch (error) {
    if (error instanceof EnginehouseError) return { code: error.code, facts: error.facts }
    throw error
  }
  throw new Error('it was taken')
}

describe('bodies that are refused', () => {
  test.each([
    ['{"model":1}', 'parameter_invalid', { param: 'model' }],
    ['{"model":["m"]}', 'parameter_invalid', { param: 'model' }],
    ['{"stream":"true"}', 'parameter_invalid', { param: 'stream' }],
    ['{"stream":1}', 'parameter_invalid', { param: 'stream' }],
    ['{"keep_alive":"5m"}', 'not_supported', { what: 'The field `keep_alive`' }],
    ['{"ttl":1}', 'not_supported', { what: 'The field `ttl`' }],
    ['{"backend":"vllm"}', 'not_supported', { what: 'The field `backend`' }],
    ['{"device":"cpu"}', 'not_supported', { what: 'The field `device`' }],
    ['{"x":NaN}', 'json_invalid', {}],
    ['{"x":01}', 'json_invalid', {}],
    ['{"x":tru}', 'json_invalid', {}],
    ['{"x":[1,]}', 'json_invalid', {}],
    ['{"x":"a\nb"}', 'json_invalid', {}],
    ['', 'json_invalid', { why: 'it is empty' }],
    ['\uFEFF{}', 'json_invalid', { why: 'it begins with a byte order mark' }],
  ])('%j', (text, code, facts) => {
    expect(refusal(text)).toMatchObject({ code, facts })
  })

  test('invalid UTF-8', () => {
    expect(refusal(Buffer.from('{"x":"\xff"}', 'latin1'))).toMatchObject({
      code: 'json_invalid',
      facts: { why: 'it is not valid UTF-8' },
    })
  })

  test('the reason never repeats what was sent', () => {
    expect(JSON.stringify(refusal('{"x":secret}'))).not.toContain('secret')
  })
})

test('null counts as absent, as it does for OpenAI', () => {
  expect(readAsked(Buffer.from('{"model":null,"stream":null}'))).toMatchObject({ model: null, stream: false })
  expect(bodyFor(readAsked(Buffer.from('{"model":null}')), 'm').toString()).toBe('{"model":"m"}')
})

test('above a MiB the structure is checked and values are not', () => {
  const filler = 'x'.repeat(1024 * 1024)
  expect(readAsked(Buffer.from(`{"model":"m","f":"${filler}"}`)).model).toBe('m')
  expect(refusal(`{"model":"m","f":"${filler}"]`).code).toBe('json_invalid')
})
