import { describe, expect, test } from 'vitest'
import { CAPABILITIES, GIB, MIB, variantsOf } from '../../../src/core/index.ts'
import { fixture, modelOf, ON_GPU, parseBad, parseGood } from './helpers.ts'

test('a minimal manifest has every default', () => {
  const manifest = parseGood(fixture('minimal.yaml'))
  expect(manifest).toMatchObject({
    path: '/etc/test/enginehouse.yaml',
    directory: '/etc/test',
    server: { listen: { kind: 'tcp', host: '127.0.0.1', port: 8080 }, maxBody: 32 * MIB, maxQueue: 512 },
    engines: {},
    memory: { reserve: GIB, host: { share: 0.8 } },
  })
  expect([...manifest.models.values()]).toEqual([
    {
      name: 'tiny',
      engine: 'llama-server',
      source: [{ kind: 'file', path: '/etc/test/tiny.gguf' }],
      gpus: { kind: 'none' },
      context: null,
      parallel: 1,
      concurrency: 1,
      memory: null,
      offload: { layers: 'all', experts: 'gpu' },
      ttl: 300_000,
      keep: 'auto',
      priority: 'normal',
      aliases: [],
      args: [],
      env: {},
      command: [],
      cwd: null,
      health: { path: '/health', status: 200 },
      capabilities: CAPABILITIES,
      servedName: null,
      stop: { signal: 'SIGTERM', grace: 10_000, command: null },
      minResidency: null,
      resources: {},
      load: { stall: 120_000, timeout: null },
      start: { attempts: 5, window: 600_000 },
      timeouts: { firstByte: 600_000, betweenBytes: 120_000, total: null },
      unlisted: false,
      fallback: null,
      variants: [],
    },
    expect.objectContaining({ name: 'script', source: [], command: ['./serve', '{socket}'], concurrency: 32 }),
  ])
})

test('every key reaches the manifest, and text stays as written', () => {
  const manifest = parseGood(fixture('full.yaml'), ON_GPU)
  expect(manifest.server).toMatchObject({
    listen: { kind: 'tcp', host: '::1', port: 9000 },
    maxBody: 8 * MIB,
    maxQueue: 16,
    hosts: ['auto', 'models.lan', '[::1]:80'],
    cors: ['local', 'https://chat.example', 'app://notes'],
    queueTimeout: 90_000,
  })
  expect(manifest.engines).toEqual({
    'llama-server': { path: '/etc/test/bin/llama-server' },
    vllm: { path: '/opt/vllm/bin/vllm' },
    tgi: { path: null, image: 'ghcr.io/huggingface/text-generation-inference:3.3.7' },
  })
  expect(manifest.memory).toMatchObject({
    reserve: 512 * MIB,
    host: { bytes: 48 * GIB },
    resources: { licences: 2, tpu: 8 },
  })
  expect([...manifest.models.keys()]).toEqual(['qwen3-coder', 'anything'])
  expect(manifest.models.get('qwen3-coder')).toMatchObject({
    name: 'qwen3-coder',
    engine: 'llama-server',
    source: [
      { kind: 'file', path: '/etc/test/weights/coder.gguf' },
      { kind: 'exec', argv: ['python3', 'get.py', '--version', '1.10', '{dest}'], sha256: 'a'.repeat(64) },
    ],
    gpus: { kind: 'count', count: 2 },
    context: 65_536,
    parallel: 2,
    concurrency: 2,
    memory: { device: 20 * GIB, host: 8 * GIB },
    offload: { layers: 40, experts: 'cpu' },
    ttl: null,
    keep: 'always',
    priority: 'high',
    aliases: ['coder', 'org/coder:30b'],
    args: [
      ['jinja', true],
      ['threads', '8'],
      ['cache_type_k', 'q8_0'],
      ['rope-scale', '1.10'],
      ['override-kv', ['a=int:1', 'b=int:0123']],
    ],
    env: { OMP_NUM_THREADS: '8', LC_ALL: 'C', FLAG: 'True', VERSION: '1.10' },
    command: [],
    health: { path: '/health', status: 200 },
    servedName: null,
    minResidency: null,
    resources: { tpu: 4 },
    load: { stall: 60_000, timeout: 900_000 },
    start: { attempts: 3, window: 300_000 },
    timeouts: { firstByte: 240_000, betweenBytes: null, total: 10_800_000 },
    unlisted: true,
    fallback: 'anything',
    variants: [
      { context: 32_768 },
      { gpus: { kind: 'none' }, parallel: 1 },
      { engine: 'command', memory: { device: 30 * GIB } },
    ],
  })
  expect(manifest.models.get('anything')).toMatchObject({
    gpus: { kind: 'list', gpus: [0, 'GPU-4f2a11d0-0000-4000-8000-000000000001'] },
    command: ['python3', 'server.py', '--port', '{port}', '--level', '3'],
    memory: { device: 6 * GIB, host: 0 },
    ttl: null,
    keep: 'preload',
    priority: 'low',
    concurrency: 5,
    minResidency: 30_000,
    resources: { licences: 1 },
    load: { stall: 60_000, timeout: null },
    timeouts: { firstByte: 300_000, betweenBytes: 60_000, total: 7_200_000 },
    unlisted: false,
    health: { path: '/ready', status: 204 },
    servedName: '1.10',
    cwd: '/etc/test/server',
    capabilities: ['chat', 'embeddings'],
    stop: { signal: 'SIGINT', grace: 30_000, command: ['python3', 'stop.py', '--port', '{port}'] },
    args: [
      ['jinja', true],
      ['threads', '4'],
      ['mlock', true],
    ],
  })
})

test('anchors and merges: a key of its own wins, then the first mapping that is merged', () => {
  const { models } = parseGood(fixture('anchors.yaml'))
  expect(models.get('a')).toMatchObject({ engine: 'llama-server', context: 4096, ttl: 60_000, priority: 'normal' })
  expect(models.get('b')).toMatchObject({ context: 4096, ttl: 90_000, priority: 'low' })
  expect(models.get('b')?.source.map((source) => source.kind === 'file' && source.path)).toEqual([
    '/etc/test/a.gguf',
    '/etc/test/b.gguf',
  ])
})

test('a redefined anchor holds from its new place on', () => {
  const { models } = parseGood(`version: 1
models:
  a: &m { engine: command, command: [one] }
  b: *m
  c: &m { engine: command, command: [two] }
  d: *m
`)
  expect([...models.values()].map(({ command }) => command)).toEqual([['one'], ['one'], ['two'], ['two']])
})

test('a mistake under an anchor is one problem, at the anchor', () => {
  const { problems } = parseBad(`version: 1
x-base: &base { engine: command, command: [x], ttl: soon }
models:
  a: *base
  b: { <<: *base }
`)
  expect(problems.map(({ code, line, path }) => [code, line, path])).toEqual([['manifest_value', 2, 'models.a.ttl']])
})

test('flags of defaults are inherited one by one; false removes one, in any spelling', () => {
  const { models } = parseGood(`version: 1
defaults: { args: { flash-attn: on, mlock: true, jinja: true } }
models:
  m: { engine: llama-server, source: file:m, args: { --flash_attn: off, jinja: false, warmup: null, extra: [] } }
`)
  expect(models.get('m')?.args).toEqual([
    ['--flash_attn', 'off'],
    ['mlock', true],
  ])
})

test('numbers as written: 1.10, 0123, 1e3, 0x10 and long digits never change', () => {
  const model = modelOf([
    'engine: llama-server',
    'source: file:m',
    'args: { a: 1.10, b: 0123, i: 1e3, d: 0x10, e: 18446744073709551617, f: -0.0, g: "1.10", h: .5 }',
    'env: { A: 1.10, B: 0o17, C: true, D: "" }',
  ])
  expect(Object.fromEntries(model.args)).toEqual({
    a: '1.10',
    b: '0123',
    i: '1e3',
    d: '0x10',
    e: '18446744073709551617',
    f: '-0.0',
    g: '1.10',
    h: '.5',
  })
  expect(model.env).toEqual({ A: '1.10', B: '0o17', C: 'true', D: '' })
})

test('a digest of digits only is not a number', () => {
  const digits = '1234567890'.repeat(7).slice(0, 64)
  const model = modelOf(['engine: llama-server', `source: { exec: [get, "{dest}"], sha256: ${digits} }`])
  expect(model.source).toEqual([{ kind: 'exec', argv: ['get', '{dest}'], sha256: digits }])
})

const COMMAND = ['engine: command', 'command: [x]']

test.each([
  ['gpus: none', 'memory: 2GiB', { device: 0, host: 2 * GIB }],
  ['gpus: none', 'memory: { host: 2GiB }', { device: 0, host: 2 * GIB }],
  ['gpus: any', 'memory: 2GiB', { device: 2 * GIB, host: 0 }],
  ['gpus: any', 'memory: all', { device: 'all', host: 0 }],
  ['gpus: [1]', 'memory: { device: all, host: 1GiB }', { device: 'all', host: GIB }],
])('%s with %s', (gpus, memory, expected) => {
  expect(modelOf([...COMMAND, gpus, memory], ON_GPU).memory).toEqual(expected)
})

test('a model gets a GPU by default where there is one', () => {
  const lines = ['engine: llama-server', 'source: file:m']
  expect(modelOf(lines).gpus).toEqual({ kind: 'none' })
  expect(modelOf(lines, ON_GPU).gpus).toEqual({ kind: 'any' })
})

test('a manifest that asks for GPUs is right on any host', () => {
  const lines = ['engine: llama-server', 'source: file:m', 'memory: { device: 4GiB }']
  expect(modelOf([...lines, 'gpus: { count: 2 }'])).toMatchObject({
    gpus: { kind: 'count', count: 2 },
    memory: { device: 4 * GIB, host: 0 },
  })
  expect(modelOf([...lines, 'gpus: any'])).toMatchObject({ gpus: { kind: 'any' } })
})

describe('variants', () => {
  const llama = ['engine: llama-server', 'source: file:m', 'context: 32k', 'gpus: any', 'memory: 20GiB']

  test('are whole: keys of their own over those of the model, and no variants', () => {
    const model = modelOf([
      ...llama,
      'ttl: 1h',
      'priority: high',
      'variants: [{ context: 8k, parallel: 2, memory: 9GiB }]',
    ])
    expect(model.variants).toEqual([
      { ...model, context: 8192, parallel: 2, concurrency: 2, memory: { device: 9 * GIB, host: 0 }, variants: [] },
    ])
    expect(Object.isFrozen(model.variants[0])).toBe(true)
  })

  test('without GPUs claim of the host what they say', () => {
    const [cpu, gpu] = modelOf([...llama, 'variants: [{ gpus: none, memory: 8GiB }, { gpus: [1] }]']).variants
    expect(cpu).toMatchObject({ gpus: { kind: 'none' }, memory: { device: 0, host: 8 * GIB } })
    expect(gpu).toMatchObject({ gpus: { kind: 'list', gpus: [1] }, memory: { device: 20 * GIB, host: 0 } })
  })

  test('merge flags, and leave those of another engine out', () => {
    const { models } = parseGood(`version: 1
defaults: { args: { verbose: true } }
models:
  m:
    engine: llama-server
    source: file:m
    args: { jinja: true, top-k: 4 }
    command: [serve, "{model_path}"]
    served_name: inner
    health: { status: 204 }
    variants:
      - args: { top_k: 9, jinja: false }
      - { engine: command, args: { fast: true } }
`)
    const model = models.get('m')
    const plain = { command: [], servedName: null, health: { path: '/health', status: 200 } }
    expect(model).toMatchObject({
      args: [
        ['verbose', true],
        ['jinja', true],
        ['top-k', '4'],
      ],
      ...plain,
    })
    expect(model?.variants).toMatchObject([
      {
        args: [
          ['verbose', true],
          ['top_k', '9'],
        ],
        ...plain,
      },
      {
        engine: 'command',
        args: [
          ['verbose', true],
          ['fast', true],
        ],
        source: [{ kind: 'file', path: '/etc/test/m' }],
        command: ['serve', '{model_path}'],
        servedName: 'inner',
        health: { path: '/health', status: 204 },
        concurrency: 32,
      },
    ])
  })

  test('of a command may be run by an engine that knows weights', () => {
    const lines = ['engine: command', 'command: [serve]', 'health: { status: 204 }']
    const model = modelOf([...lines, 'variants: [{ engine: llama-server, source: file:m }]'])
    expect(model.variants).toMatchObject([{ engine: 'llama-server', command: [], health: { status: 200 } }])
  })
})

describe('a fallback', () => {
  const fallbacks = (text: string) =>
    [...parseGood(text).models.values()].flatMap((model) => variantsOf(model).map(({ fallback }) => fallback))

  test('is known by the name of the model that it stands for, in every variant', () => {
    expect(
      fallbacks(`version: 1
models:
  a: { engine: llama-server, source: file:a, fallback: small, variants: [{ context: 1k }] }
  b: { engine: llama-server, source: file:b, aliases: [small] }
`),
    ).toEqual(['b', 'b', null])
  })

  test('of defaults is none for the model that it is, and where a model says so', () => {
    expect(
      fallbacks(`version: 1
defaults: { engine: command, fallback: b }
models:
  a: { command: [x] }
  b: { command: [x] }
  c: { command: [x], fallback: null }
`),
    ).toEqual(['b', null, null])
  })
})

test.each([
  ['5', 5000],
  ['0', 0],
  ['500ms', 500],
  ['90s', 90_000],
  ['15m', 900_000],
  ['1h', 3_600_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['366d', 31_622_400_000],
  ['never', null],
])('ttl: %s', (written, expected) => {
  expect(modelOf([...COMMAND, `ttl: ${written}`]).ttl).toBe(expected)
})

test.each([
  ['24GiB', 24 * GIB],
  ['1.5 GiB', 1.5 * GIB],
  ['512MiB', 512 * MIB],
  ['8GB', 8e9],
  ['500MB', 5e8],
  ['1048576', MIB],
])('memory: %s', (written, host) => {
  expect(modelOf([...COMMAND, 'gpus: none', `memory: ${written}`]).memory).toEqual({ device: 0, host })
})

test.each([
  ['4096', 4096],
  ['64k', 65_536],
  ['128K', 131_072],
])('context: %s', (written, expected) => {
  expect(modelOf([...COMMAND, `context: ${written}`]).context).toBe(expected)
})

test.each(['loaded', 'stats', 'inventory', 'download', 'unload-all', 'load', 'unload', 'sse'])(
  '%s is a route, and no name or alias',
  (word) => {
    const { problems } = parseBad(`version: 1
models:
  ${word}: { engine: command, command: [x] }
  m: { engine: command, command: [x], aliases: [${word}] }
`)
    expect(problems.map(({ code, line }) => [code, line])).toEqual([
      ['manifest_name', 3],
      ['manifest_name', 4],
    ])
  },
)

test('a name may have letters, digits and . _ - : / @ +, first a letter or digit, 128 in all', () => {
  for (const name of ['a', '9', 'Org/Model.v1_x-y:30b@main+lora', 'a'.repeat(128)]) {
    const { models } = parseGood(`version: 1\nmodels: { "${name}": { engine: command, command: [x] } }\n`)
    expect([...models.keys()]).toEqual([name])
  }
  for (const name of ['-a', '.a', '/a', 'a b', 'ä', 'a\\b', 'a?b', 'a#b', 'a%2f', 'a'.repeat(129)]) {
    const { problems } = parseBad(`version: 1\nmodels: { '${name}': { engine: command, command: [x] } }\n`)
    expect(problems, name).toMatchObject([{ code: 'manifest_name' }])
  }
})

test('a ttl of the environment stands between the model and defaults', () => {
  const text = `version: 1
defaults: { ttl: 1m }
models:
  a: { engine: command, command: [x] }
  b: { engine: command, command: [x], ttl: 2m }
  c: { engine: command, command: [x], keep: always }
`
  const ttls = (manifest = parseGood(text)) => [...manifest.models.values()].map(({ ttl }) => ttl)
  expect(ttls()).toEqual([60_000, 120_000, null])
  expect(ttls(parseGood(text, undefined, { overrides: { ttl: 7000 } }))).toEqual([7000, 120_000, null])
  expect(ttls(parseGood(text, undefined, { overrides: { ttl: null } }))).toEqual([null, 120_000, null])
})

test('BOM, CRLF and a manifest without models are fine', () => {
  expect(parseGood('\uFEFFversion: 1\r\nmodels: {}\r\n').models.size).toBe(0)
  const { problems } = parseBad('\uFEFFversion: 2\r\nmodels: {}\r\n')
  expect(problems).toMatchObject([{ line: 1, column: 10 }])
})

test('the manifest is frozen all the way down', () => {
  const manifest = parseGood(fixture('full.yaml'), ON_GPU)
  const model = manifest.models.get('qwen3-coder')
  for (const value of [
    manifest,
    manifest.server,
    manifest.server.listen,
    model,
    model?.args,
    model?.args[4]?.[1],
    model?.env,
  ]) {
    expect(Object.isFrozen(value)).toBe(true)
  }
})
