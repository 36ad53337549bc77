import { describe, expect, test } from 'vitest'
import { renderProblems } from '../../../src/manifest/index.ts'
import { modelOf, ON_CPU, parse, parseBad, parseGood } from './helpers.ts'

const COMMAND = ['engine: command', 'command: [x]']
const env = (value: string, environment: Readonly<Record<string, string>> = {}) =>
  modelOf([...COMMAND, `env: { A: ${value} }`], ON_CPU, { environment }).env['A']

describe('what stands for what', () => {
  test.each([
    ['"${N}"', { N: 'x' }, 'x'],
    ['"a${N}b${M}${N}"', { N: '1', M: '2' }, 'a1b21'],
    ['"${N:-d}"', {}, 'd'],
    ['"${N:-d}"', { N: '' }, 'd'],
    ['"${N:-d}"', { N: 'x' }, 'x'],
    ['"${N}"', { N: '' }, ''],
    ['"${N:-}"', {}, ''],
    ['"${N:-a b:-c $d}"', {}, 'a b:-c $d'],
    ['"${N:-{a}}"', {}, '{a}'],
    ['"${_n1}"', { _n1: 'x' }, 'x'],
    ["'${N}'", { N: 'x' }, 'x'],
    ['"$${N}"', { N: 'x' }, '${N}'],
    ['"$$${N}"', { N: 'x' }, '$${N}'],
    ['"$${N} ${N}"', { N: 'x' }, '${N} x'],
    ['"$N $$ $"', { N: 'x' }, '$N $$ $'],
    ['"${N}"', { N: '${M} $${M} $&', M: 'y' }, '${M} $${M} $&'],
    ['"${N}"', { N: ' a\nb ' }, ' a\nb '],
  ])('%s with %j', (written, environment: Readonly<Record<string, string>>, value) => {
    expect(env(written, environment)).toBe(value)
  })

  test('blocks have them too, and keys do not', () => {
    const model = modelOf([...COMMAND, 'env:', '  A: |', '    x ${N}', '    y', 'args: { x: "${N}" }'], ON_CPU, {
      environment: { N: '1' },
    })
    expect(model.env).toEqual({ A: 'x 1\ny\n' })
    expect(model.args).toEqual([['x', '1']])
  })

  test('what the reader keeps under x- is not looked at, until an alias takes it elsewhere', () => {
    const text = `version: 1
x-notes: \${anything at all
x-base: &base { engine: command, command: [x], priority: "\${P}" }
models: { m: *base }
`
    const { models } = parseGood(text, ON_CPU, { environment: { P: 'high' } })
    expect(models.get('m')?.priority).toBe('high')
  })
})

describe('plain text is read again with the value in its place, text in quotes stays text', () => {
  test.each([
    ['parallel: ${N}', '2', { parallel: 2 }],
    ['parallel: ${N:-3}', '', { parallel: 3 }],
    ['context: ${N}k', '64', { context: 65_536 }],
    ['ttl: ${N}', 'never', { ttl: null }],
    ['memory: "${N}"', '2GiB', { memory: { device: 0, host: 2 * 1024 ** 3 } }],
    ['health: { status: 200, path: "/${N}" }', 'ok', { health: { path: '/ok', status: 200 } }],
    ['args:\n      x: ${N}', 'true', { args: [['x', true]] }],
    ['args:\n      x: ${N}', 'null', { args: [] }],
    ['args: { x: "${N}" }', 'true', { args: [['x', 'true']] }],
    ['args:\n      x: !!str ${N}', 'true', { args: [['x', 'true']] }],
    ['env:\n      X: ${N}', 'True', { env: { X: 'True' } }],
    ['served_name: ${N}', '1.10', { servedName: '1.10' }],
  ])('%s with %s', (line, N, expected) => {
    expect(modelOf([...COMMAND, line], ON_CPU, { environment: { N } })).toMatchObject(expected)
  })

  test.each(['1.10', '0123', '1e3', '0x10', '18446744073709551617', '-0.0', '.5', '.inf', 'yes'])(
    '%s reaches an engine as it is',
    (N) => {
      const model = modelOf([...COMMAND, 'args:', '  x: ${N}', '  y: ["${N}"]', 'env:', '  X: ${N}'], ON_CPU, {
        environment: { N },
      })
      expect([model.args, model.env]).toEqual([
        [
          ['x', N],
          ['y', [N]],
        ],
        { X: N },
      ])
    },
  )

  test.each([
    '[a, b]',
    '{ a: b }',
    '- a',
    'a: b',
    '&a',
    '*base',
    '!!int 1',
    '# a',
    '"a"',
    'a\nb: c',
    '<<',
    '---',
    '| x',
  ])('%j adds no structure', (N) => {
    const { env: variables } = modelOf([...COMMAND, 'env:', '  X: ${N}'], ON_CPU, { environment: { N } })
    expect(variables).toEqual({ X: N })
  })
})

describe('.env', () => {
  const envFile = (text: string) => ({ path: '/etc/test/.env', text })
  const text =
    'version: 1\nserver: { max_queue: 3 }\nmodels:\n  m:\n    engine: command\n    command: [x]\n    ttl: ${T}\n'

  test('the process wins over the file, even with nothing', () => {
    const ttl = (environment: Readonly<Record<string, string | undefined>>) =>
      parseGood(text, ON_CPU, { environment, envFile: envFile('T=5m\n') }).models.get('m')?.ttl
    expect(ttl({})).toBe(300_000)
    expect(ttl({ T: '7' })).toBe(7000)
    expect(ttl({ T: undefined })).toBe(300_000)
    const { problems } = parseBad(text, ON_CPU, { environment: { T: '' }, envFile: envFile('T=5m\n') })
    expect(problems).toMatchObject([{ code: 'manifest_value', line: 7 }])
  })

  test('what it sets is not the environment of the program or of an engine', () => {
    const model = parseGood(text, ON_CPU, { envFile: envFile('T=5m\nENGINEHOUSE_LISTEN=localhost:1\n') })
    expect(model.server.listen).toMatchObject({ port: 8080 })
    expect(model.models.get('m')?.env).toEqual({})
  })

  test('its problems come first, beside what is no YAML, and are shown without the lines', () => {
    const result = parseBad(`${text}: [\n`, ON_CPU, { envFile: envFile('A=1\nhunter2\n') })
    expect(result.problems.map(({ file, code, line, column }) => [file, code, line, column])).toEqual([
      ['/etc/test/.env', 'env_file_syntax', 2, 1],
      ['/etc/test/enginehouse.yaml', 'manifest_syntax', 8, 3],
    ])
    const shown = renderProblems(result, { color: false })
    expect(shown).toContain('/etc/test/.env:2:1: This line cannot be read: there is no = in it.\n  Write NAME=value')
    expect(shown).toContain('> 8 | : [')
    expect(shown).not.toContain('hunter2')
  })

  test('no variable is called unset while the file that may set it is broken', () => {
    const { problems } = parseBad(text, ON_CPU, { envFile: envFile('T="5m\n') })
    expect(problems.map(({ code }) => code)).toEqual(['env_file_syntax'])
  })

  test('one that is too large is not looked at', () => {
    const { problems } = parseBad(text, ON_CPU, { envFile: envFile(`T=1\n${'#'.repeat(64 * 1024)}`) })
    expect(problems).toMatchObject([{ code: 'env_file_unreadable', line: 1, column: 1, file: '/etc/test/.env' }])
  })
})

test('what variables stand in may not grow without end', () => {
  const lines = Array.from({ length: 20 }, (_, index) => `  v${index}: "\${BIG}"\n`).join('')
  const result = parse(`version: 1\nmodels: {}\ndefaults:\n env:\n${lines}`, ON_CPU, {
    environment: { BIG: 'x'.repeat(100_000) },
  })
  expect(result).toMatchObject({ kind: 'problems', problems: [{ code: 'manifest_syntax', line: 15 }] })
})
