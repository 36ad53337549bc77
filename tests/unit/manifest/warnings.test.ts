import { assert, describe, expect, test } from 'vitest'
import { GIB, launchKey, sentenceOf } from '../../../src/core/index.ts'
import { renderWarnings } from '../../../src/manifest/index.ts'
import type { Knowledge } from '../../../src/manifest/index.ts'
import { ON_CPU, parse, parseGood } from './helpers.ts'

const command = (...lines: readonly string[]): string =>
  [
    'version: 1',
    'models:',
    '  m:',
    '    engine: command',
    '    command: [x]',
    ...lines.map((l) => `    ${l}`),
    '',
  ].join('\n')

function warningsOf(text: string, knowledge: Knowledge = ON_CPU, environment: Readonly<Record<string, string>> = {}) {
  const result = parse(text, knowledge, { environment })
  assert(result.kind === 'manifest', JSON.stringify(result))
  return result.warnings
}

const said = (...args: Parameters<typeof warningsOf>): readonly string[] =>
  warningsOf(...args).problems.map(({ code, facts, line, column }) => `${line}:${column} ${sentenceOf(code, facts)}`)

describe('a ttl shorter than the load', () => {
  const learned = (load: number | null): Knowledge => ({ ...ON_CPU, learnedLoad: () => load })

  test('is said where the ttl is written', () => {
    expect(said(command('ttl: 30s'), learned(95_000))).toEqual([
      '6:10 The model "m" is taken down after 30s without a request, and took 1m35s to load.',
    ])
    expect(said(command(), learned(301_000))).toEqual([expect.stringContaining('3:3 The model "m"')])
  })

  test.each([
    ['as long as the load', 'ttl: 95s', 95_000],
    ['that was never measured', 'ttl: 1s', null],
    ['of nothing, which is meant', 'ttl: 0', 95_000],
    ['that never ends', 'ttl: never', 95_000],
  ])('one %s is fine', (_name, line, load) => {
    expect(said(command(line), learned(load))).toEqual([])
  })

  test('is of the launch as it is now', () => {
    const [model] = parseGood(command()).models.values()
    assert(model)
    const known = launchKey(model, {})
    const knowledge: Knowledge = { ...ON_CPU, learnedLoad: (key) => (key === known ? 301_000 : null) }
    expect(said(command(), knowledge)).toHaveLength(1)
    expect(said(command('args: { a: 1 }'), knowledge)).toEqual([])
  })
})

describe('models that are kept for ever', () => {
  const two = (first: string, second: string, host: string): string =>
    `version: 1
memory: { host: ${host} }
defaults: { engine: command, keep: always, gpus: none }
models:
  a: { command: [x], memory: ${first} }
  b: { command: [x], memory: ${second} }
`

  test('and do not fit into the share of what this host has', () => {
    const small: Knowledge = { ...ON_CPU, hostMemory: 10 * GIB }
    expect(said(two('5GiB', '4GiB', '80%'), small)).toEqual([
      '6:30 Models with `keep: always` ("a", "b") claim 9GiB of the host, and memory.host leaves 8GiB.',
    ])
    expect(said(two('5GiB', '3GiB', '80%'), small)).toEqual([])
    expect(said(two('5GiB', '4GiB', '80%'), { ...ON_CPU, hostMemory: null })).toEqual([])
    expect(said(two('5GiB', '4GiB', '80%'))).toEqual([])
  })

  test('count with the variant that takes least', () => {
    const text = two('5GiB', '4GiB, variants: [{ parallel: 2, memory: 1GiB }]', '6GiB')
    expect(said(text)).toEqual([])
  })
})

describe('a part on the host that nobody claims there', () => {
  const llama = (...lines: readonly string[]): string =>
    command('gpus: any', ...lines)
      .replace('engine: command', 'engine: llama-server')
      .replace('command: [x]', 'source: file:m')

  test('is said at the claim', () => {
    expect(said(llama('memory: 9GiB', 'offload: { layers: 4 }'))).toEqual([
      '7:13 A part of models.m stays on the host, and models.m.memory claims nothing there.',
    ])
    expect(said(llama('memory: { device: 9GiB }', 'offload: { experts: cpu }'))).toHaveLength(1)
    expect(said(llama('memory: all', 'offload: { experts: 2 }'))).toHaveLength(1)
  })

  test('and at a variant', () => {
    const own = 'variants: [{ context: 4k }, { offload: { experts: cpu }, memory: 4GiB }]'
    expect(said(llama(own))).toEqual([
      '7:33 A part of models.m.variants[1] stays on the host, and models.m.variants[1].memory claims nothing there.',
    ])
    expect(said(llama('memory: { device: 9GiB, host: 0 }', 'variants: [{ offload: { layers: 0 } }]'))).toContain(
      '8:16 A part of models.m.variants[0] stays on the host, and models.m.memory claims nothing there.',
    )
  })

  test.each([
    ['estimated', ['offload: { layers: 4 }']],
    ['declared', ['memory: { device: 9GiB, host: 9GiB }', 'offload: { layers: 4 }']],
    ['nothing', ['memory: 9GiB', 'offload: { experts: 0 }']],
    ['of a variant on the host alone', ['offload: { layers: 4 }', 'variants: [{ gpus: none, memory: 9GiB }]']],
  ])('one that is %s is fine', (_name, lines) => {
    expect(said(llama(...lines))).toEqual([])
  })
})

test('a variant that claims what the model claims', () => {
  const lines = [
    'gpus: any',
    'memory: 20GiB',
    'variants: [{ parallel: 2 }, { parallel: 3, memory: 9GiB }, { gpus: [1] }]',
  ]
  expect(said(command(...lines))).toEqual([
    '8:16 models.m.variants[0] claims what the model claims, because models.m.memory holds for it too.',
  ])
})

describe('a secret in clear', () => {
  test.each([
    ['env: { API_TOKEN: hunter2 }', '6:23 models.m.env.API_TOKEN looks like a secret'],
    ['env: { DB_PASSWORD: 12345 }', '6:25 models.m.env.DB_PASSWORD looks like a secret'],
    ['args: { hf-token: hunter2 }', '6:23 models.m.args.hf-token looks like a secret'],
  ])('%s', (line, words) => {
    const [warning, ...others] = said(command(line))
    expect(warning).toContain(words)
    expect(warning).not.toContain('hunter2')
    expect(others).toEqual([])
  })

  test.each([
    'env: { API_TOKEN: "${TOKEN}" }',
    'env: { API_TOKEN: "" }',
    'args: { max-tokens: 5 }',
    'args: { use-auth: true }',
  ])('%s is none', (line) => {
    expect(said(command(line), ON_CPU, { TOKEN: 'x' })).toEqual([])
  })
})

test('a problem is no warning, and a warning no problem', () => {
  expect(parse(command('env: { API_TOKEN: x }', 'ttl: soon'))).toMatchObject({ problems: [{ code: 'manifest_value' }] })
})

test('warnings are shown as problems are, and called so', () => {
  expect(renderWarnings(warningsOf(command('env: { API_TOKEN: x }')), { color: false })).toBe(
    `/etc/test/enginehouse.yaml:6:23: warning: models.m.env.API_TOKEN looks like a secret, and stands in the manifest for all who may read it.
  4 |     engine: command
  5 |     command: [x]
> 6 |     env: { API_TOKEN: x }
    |                       ^
  Write \`\${NAME}\` in its place, and set it in the environment or in \`.env\` beside the manifest.
`,
  )
  expect(renderWarnings(warningsOf(command()), { color: false })).toBe('')
})
