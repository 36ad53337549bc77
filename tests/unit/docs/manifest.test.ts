import { assert, describe, expect, it } from 'vitest'
import { parse as parseYaml, stringify } from 'yaml'

import { createHouse } from '../../../src/app/house.ts'
import { type ManifestKey, manifestKeys } from '../../../scripts/reference/manifest.ts'
import { parseManifest } from '../../../src/manifest/index.ts'
import { ENGINES, HEALTH, MEMORY, MODEL, MODEL_DEFAULTS, SERVER, TOP } from '../../../src/manifest/sections.ts'
import { ON_CPU, ON_GPU, parse, parseGood } from '../manifest/helpers.ts'
import { blocks, page, section, spans, WRITTEN } from './pages.ts'

const { knowledge } = createHouse()

const README = page('README.md')
const CHANGELOG = page('CHANGELOG.md')
const SECTIONS = [TOP, SERVER, MEMORY, HEALTH, MODEL, MODEL_DEFAULTS]

describe('the manifest in the README', () => {
  it('is read without a problem', () => {
    const [text, ...others] = blocks(README, 'yaml')
    expect(others).toEqual([])
    const result = parseManifest(text ?? '', { path: '/x/enginehouse.yaml', directory: '/x', knowledge })
    assert(result.kind === 'manifest', result.kind === 'problems' ? JSON.stringify(result.problems) : '')
    expect([...result.manifest.models.keys()]).toEqual(['chat', 'search', 'own-server'])
    expect(result.manifest.server.maxQueue).toBe(512)
  })
})

it('manifests in the guides are read without a problem, on a host with GPUs', () => {
  const environment = { WEIGHTS: '/srv/models' }
  const whole = WRITTEN.filter(({ path }) => path.startsWith('docs/guide/'))
    .flatMap((each) => blocks(each, 'yaml'))
    .filter((text) => /^version: 1$/m.test(text))
  expect(whole.length).toBeGreaterThan(3)
  for (const text of whole) expect(parseGood(text, ON_GPU, { environment }).models.size).toBeGreaterThan(0)
})

it('the examples ask the models of that manifest, but for the one that is not there', () => {
  const asked = [...page('EXAMPLES.md').text.matchAll(/"?model\\?"?(?:: |=|:)\\?["']([\w-]+)/g)].map(([, name]) => name)
  expect([...new Set(asked)].toSorted()).toEqual(['chat', 'chatt', 'search'])
})

describe('a default that the reference tells of', () => {
  /** Said in words, as they follow from other keys or from the model. */
  const IN_WORDS = [
    'models.NAME.gpus',
    'models.NAME.context',
    'models.NAME.parallel',
    'models.NAME.concurrency',
    'models.NAME.memory',
    'models.NAME.cwd',
    'models.NAME.served_name',
  ]
  const told = manifestKeys().filter(({ standard }) => standard !== null && standard !== 'none')
  const plain = told.filter(({ path }) => !IN_WORDS.includes(path.join('.')))

  it('is one of those that are told', () => {
    const names = told.map(({ path }) => path.join('.'))
    expect(IN_WORDS.filter((name) => !names.includes(name))).toEqual([])
    expect(plain.length).toBeGreaterThan(15)
  })

  it.each(plain.map((key) => [key.path.join('.'), key] as const))(
    '%s changes nothing where it is written',
    (_, key) => {
      const model = key.path.includes('offload') ? ON_GPUS : ALONE
      const written = parse(manifestWith(key, model), ON_CPU)
      assert(written.kind === 'manifest', JSON.stringify(written))
      expect(written.manifest).toEqual(parseGood(manifestWith(null, model), ON_CPU))
    },
  )
})

const ALONE = { engine: 'command', command: ['x', '{port}'], gpus: 'none' }
const ON_GPUS = { engine: 'llama-server', source: 'file:m', gpus: 'any' }

/** A manifest of one model, with a key as its default would be written. */
function manifestWith(key: ManifestKey | null, of: object): string {
  const model = { ...of }
  const manifest: Record<string, unknown> = {
    version: 1,
    engines: { 'llama-server': {}, vllm: {}, tgi: {} },
    models: { NAME: model },
  }
  if (key !== null) set(manifest, key.path, parseYaml(key.standard ?? ''))
  return stringify(manifest)
}

function set(into: Record<string, unknown>, [key = '', ...rest]: readonly string[], value: unknown): void {
  if (rest.length === 0) into[key] = value
  else set((into[key] ??= {}) as Record<string, unknown>, rest, value)
}

describe('the changelog', () => {
  const [added = '', later = ''] = section(CHANGELOG, '0.1.0 - unreleased').split('### Not yet')
  const named = (text: string): ReadonlySet<string> => new Set(spans({ path: '', text }))

  it('names every key that the manifest has', () => {
    const keys = SECTIONS.filter(({ shape }) => shape !== HEALTH.shape).flatMap(({ shape }) => Object.keys(shape))
    expect(keys.filter((key) => !named(added).has(key) && key !== 'models')).toEqual([])
  })

  it('names every key that is refused until a later version', () => {
    const keys = [...SECTIONS, ENGINES].flatMap((each) => each.later)
    expect(keys.filter((key) => !named(later).has(key))).toEqual([])
  })
})
