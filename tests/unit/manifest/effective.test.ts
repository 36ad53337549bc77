import { assert, describe, expect, test } from 'vitest'
import type { Manifest } from '../../../src/core/index.ts'
import { isScalar, parseDocument, visit } from 'yaml'
import { renderConfig } from '../../../src/cli/render/config.ts'
import { overridesFrom } from '../../../src/manifest/index.ts'
import type { Setting } from '../../../src/manifest/index.ts'
import { shownOf, WITHHELD } from '../../../src/manifest/secrets.ts'
import { fixture, ON_CPU, ON_GPU, parse, parseGood } from './helpers.ts'

function settingsOf(text: string, around: Parameters<typeof parse>[2] = {}, host = ON_CPU): readonly Setting[] {
  const result = parse(text, host, around)
  assert(result.kind === 'manifest', JSON.stringify(result))
  return result.settings()
}

/** `[value or words, origin]` of a key: `file:line`, the name of a variable or a flag, or `default`. */
function find(settings: readonly Setting[], key: string): readonly [unknown, string] | undefined {
  const setting = settings.find((each) => each.key === key)
  if (!setting) return undefined
  const { origin } = setting
  const from = 'name' in origin ? origin.name : origin.from === 'manifest' ? `:${origin.line}` : 'default'
  return ['value' in setting ? setting.value : setting.words, from]
}

const TEXT = `version: 1
server: { max_queue: 7 }
defaults:
  ttl: 10m
  args: { jinja: true, ctx_checkpoints: 2 }
x-shared: &shared
  priority: low
models:
  a:
    <<: *shared
    engine: llama-server
    source: file:a.gguf
    args:
      ctx-checkpoints: 3
  b: { engine: command, command: [x], ttl: 1h, health: { status: 204 } }
  c: { engine: llama-server, source: file:c.gguf, keep: always }
`

describe('which won', () => {
  test.each([
    ['server.listen', '127.0.0.1:8080', 'default'],
    ['server.max_queue', 7, ':2'],
    ['engines.llama-server.path', 'auto', 'default'],
    ['memory.host', '80%', 'default'],
    ['models.a.ttl', '10m', ':4'],
    ['models.a.args.jinja', true, ':5'],
    ['models.a.args.ctx-checkpoints', 3, ':14'],
    ['models.a.priority', 'low', ':7'],
    ['models.a.context', "the model's own, at most 8k", 'default'],
    ['models.b.ttl', '1h', ':15'],
    ['models.b.health.status', 204, ':15'],
    ['models.b.health.path', '/health', 'default'],
    ['models.b.memory', 'unaccounted', 'default'],
    ['models.c.ttl', 'never, as it is kept', 'default'],
  ])('%s is %j from %s', (key, value, from) => {
    expect(find(settingsOf(TEXT), key)).toEqual([value, from])
  })

  test('the other spelling of a flag is the same flag', () => {
    expect(find(settingsOf(TEXT), 'models.a.args.ctx_checkpoints')).toBeUndefined()
  })

  test('the keys of a command are nothing to llama-server', () => {
    const keys = settingsOf(`${TEXT}`).map(({ key }) => key)
    expect(keys).toContain('models.b.command')
    expect(keys.filter((key) => /^models\.a\.(command|health|served_name)/.test(key))).toEqual([])
  })

  test.each([
    [{ ENGINEHOUSE_LISTEN: 'unix:/x' }, {}, 'server.listen', ['unix:/x', 'ENGINEHOUSE_LISTEN']],
    [{ ENGINEHOUSE_LISTEN: 'unix:/x' }, { listen: '[::1]:1' }, 'server.listen', ['[::1]:1', '--listen']],
    [{ HOST: '::1', PORT: '9' }, {}, 'server.listen', ['[::1]:9', 'HOST and PORT']],
    [{ PORT: '9' }, {}, 'server.listen', ['127.0.0.1:9', 'PORT']],
    [{ DEFAULT_TTL: '30' }, {}, 'models.a.ttl', ['30s', 'DEFAULT_TTL']],
    [{ DEFAULT_TTL: '30' }, { defaultTtl: 'never' }, 'models.a.ttl', ['never', '--default-ttl']],
    [{ DEFAULT_TTL: '30' }, {}, 'models.b.ttl', ['1h', ':15']],
    [{ DEFAULT_TTL: '30' }, {}, 'models.c.ttl', ['never, as it is kept', 'default']],
  ])('with %j and %j, %s is %j', (env, flags, key, expected) => {
    expect(find(settingsOf(TEXT, { overrides: overridesFrom(env, flags) }), key)).toEqual(expected)
  })

  test('a socket stays what the manifest says', () => {
    const text = 'version: 1\nserver: { listen: "unix:/run/x" }\nmodels: {}'
    const overrides = overridesFrom({ PORT: '9' })
    expect(find(settingsOf(text, { overrides }), 'server.listen')).toEqual(['unix:/run/x', ':2'])
  })
})

test.each([
  ['full.yaml', ON_GPU],
  ['minimal.yaml', ON_CPU],
  ['anchors.yaml', ON_CPU],
])('what is shown of %s is a manifest with the same meaning', (name, host) => {
  const text = fixture(name)
  const settings = settingsOf(text, {}, host)
  const shown = renderConfig({ manifest: null, daemon: [], settings }, 'shown', { color: false, width: null })
  const { engines, ...rest } = withoutVariants(parseGood(text, host))
  // What is not written there is `auto`, and shown as such.
  const expected = {
    ...rest,
    engines: { 'llama-server': { path: null }, vllm: { path: null }, tgi: { path: null }, ...engines },
  }
  expect(withoutVariants(parseGood(shown, host))).toEqual(expected)
})

/** They are shown as they are written, and inherit what is shown of their model: its defaults too, and shared flags. */
function withoutVariants(manifest: Manifest): Manifest {
  const models = [...manifest.models].map(([name, model]) => [name, { ...model, variants: [] }] as const)
  return { ...manifest, models: new Map(models) }
}

describe('secrets', () => {
  const SECRET = 'hunter2'

  /** The text with one of its values, each in turn, given by a variable. */
  function varied(text: string): readonly string[] {
    const places: (readonly [number, number])[] = []
    visit(parseDocument(text), {
      Scalar(key, node) {
        const [start, end] = node.range ?? [0, 0]
        if (key !== 'key' && isScalar(node) && end > start) places.push([start, end])
      },
    })
    return places.map(([start, end]) => `${text.slice(0, start)}\${SECRET}${text.slice(end)}`)
  }

  test.each(['full.yaml'])('no setting of %s shows the value of a variable', (name) => {
    let shown = 0
    for (const text of varied(fixture(name))) {
      for (const value of [SECRET, `/${SECRET}`, `file:/srv/${SECRET}.gguf`, `GPU-${SECRET}`]) {
        const result = parse(text, ON_GPU, { environment: { SECRET: value } })
        if (result.kind !== 'manifest') continue
        shown += 1
        const written = result.settings().filter(({ origin }) => origin.from === 'manifest')
        expect(JSON.stringify(written)).not.toContain(SECRET)
      }
    }
    expect(shown).toBeGreaterThan(0)
  })

  test.each([
    ['HF_TOKEN', 'x', WITHHELD],
    ['OPENAI_API_KEY', 'x', WITHHELD],
    ['api-key', 'x', WITHHELD],
    ['apikey', ['a', 'b'], WITHHELD],
    ['PASSWORD', 'x', WITHHELD],
    ['basic-auth', 'x', WITHHELD],
    ['max-tokens', '5', '5'],
    ['tokenizer', 'x', 'x'],
    ['keyboard', 'x', 'x'],
    ['HTTPS_PROXY', 'http://joe:pw@proxy:1', WITHHELD],
    ['HTTPS_PROXY', 'http://proxy:1', 'http://proxy:1'],
    ['command', ['x', '--api-key', 's', '--port', '1'], ['x', '--api-key', WITHHELD, '--port', '1']],
    ['command', ['x', '--token=s', 'y'], ['x', `--token=${WITHHELD}`, 'y']],
    ['command', ['x', '--secret', '--port', '1'], ['x', '--secret', '--port', '1']],
    ['source', { exec: ['get', '--password', 's'] }, { exec: ['get', '--password', WITHHELD] }],
    ['verbose', true, true],
  ])('%s: %j is shown as %j', (name, value, shown) => {
    expect(shownOf(name, value)).toEqual(shown)
  })

  test('names that people choose tell of a secret, keys of the manifest do not', () => {
    const text = `version: 1
models:
  api-key: { engine: command, command: [x], env: { API_KEY: s1, PLAIN: p1 }, args: { token: s2, plain: p2 } }
`
    const shown = JSON.stringify(settingsOf(text))
    for (const secret of ['s1', 's2']) expect(shown).not.toContain(`"${secret}"`)
    for (const plain of ['p1', 'p2']) expect(shown).toContain(`"${plain}"`)
    expect(find(settingsOf(text), 'models.api-key.engine')).toEqual(['command', ':3'])
    expect(JSON.stringify(settingsOf(fixture('full.yaml'), {}, ON_GPU))).not.toContain(WITHHELD)
  })
})
