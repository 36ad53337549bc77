import { readdirSync, readFileSync } from 'node:fs'
import { basename, dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assert, describe, expect, test } from 'vitest'
import { parse as parseYaml } from 'yaml'
import { z } from 'zod'
import { GIB } from '../../../src/core/index.ts'
import { createHouse } from '../../../src/app/house.ts'
import { manifestJsonSchema } from '../../../src/manifest/index.ts'
import { fixture, ON_CPU, ON_GPU, parse, parseBad } from './helpers.ts'

const { knowledge } = createHouse()

const CONFIGS = fileURLToPath(new URL('../../../configs', import.meta.url))
const SCHEMA = 'manifest.schema.json'
const manifests = readdirSync(CONFIGS, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.yaml'))
const textOf = (name: string): string => readFileSync(join(CONFIGS, name), 'utf8')

const schema = z.fromJSONSchema(JSON.parse(textOf(SCHEMA)))
/** What an editor would have against a manifest: merges carried out, nothing in the places of variables. */
const faultsOf = (text: string) => schema.safeParse(parseYaml(text, { merge: true })).error?.issues ?? []

describe.each(manifests)('configs/%s', (name) => {
  const text = textOf(name)

  test('is accepted, with no variable set, and warns of nothing', () => {
    const result = parse(text, { ...knowledge, hostMemory: 64 * GIB })
    assert(result.kind === 'manifest', result.kind === 'problems' ? JSON.stringify(result.problems) : '')
    expect(result.manifest.models.size).toBeGreaterThan(0)
    expect(result.warnings.problems).toEqual([])
  })

  test('begins with the place of the schema, for editors', () => {
    const [, place = ''] = /^# yaml-language-server: \$schema=(\S+)\n/.exec(text) ?? []
    expect(join(dirname(name), place)).toBe(SCHEMA)
  })

  test('stands in the schema', () => {
    expect(faultsOf(text)).toEqual([])
  })
})

test('there are manifests to judge', () => {
  expect(manifests.map((name) => basename(name))).toEqual(
    expect.arrayContaining([
      'quickstart.yaml',
      'cpu-host.yaml',
      'one-gpu.yaml',
      'command-engine.yaml',
      'transformers.yaml',
      'two-gpus.yaml',
      'tgi-image.yaml',
      'enginehouse.yaml',
    ]),
  )
})

describe('the schema and the reader', () => {
  test.each([
    ['full.yaml', ON_GPU],
    ['minimal.yaml', ON_CPU],
    ['anchors.yaml', ON_CPU],
  ])('both take %s', (name, host) => {
    expect(parse(fixture(name), host).kind).toBe('manifest')
    expect(faultsOf(fixture(name))).toEqual([])
  })

  test('both take a variable in the place of any value', () => {
    const text = `version: \${V}
server: { listen: "\${L}", max_queue: "\${Q}", hosts: ["\${H}"], queue_timeout: "\${Q}" }
models:
  m:
    engine: \${E}
    source: \${S}
    gpus: \${G}
    parallel: \${P}
    keep: \${K}
    args: { a: "\${A}", b: ["\${A}"] }
    health: { status: "\${H}" }
    ttl: \${T}
    memory: \${M}
    unlisted: \${U}
    timeouts: { total: "\${T}" }
    variants: [{ context: "\${C}" }]
`
    expect(faultsOf(text)).toEqual([])
    expect(parseBad(text).problems.every(({ code }) => code === 'manifest_variable_unset')).toBe(true)
  })

  test.each([
    ['an unknown key', 'version: 1\nmodels: {}\nsever: {}\n'],
    ['an unknown key of a model', 'version: 1\nmodels: { m: { engine: command, command: [x], contxt: 1 } }\n'],
    ['another version', 'version: 2\nmodels: {}\n'],
    ['no models', 'version: 1\n'],
    ['a word that is none', 'version: 1\nmodels: { m: { engine: command, command: [x], keep: alway } }\n'],
    ['a number out of its range', 'version: 1\nmodels: { m: { engine: command, command: [x], parallel: 0 } }\n'],
    ['a list that is text', 'version: 1\nmodels: { m: { engine: command, command: x } }\n'],
    ['a name with a space', 'version: 1\nmodels: { "a b": { engine: command, command: [x] } }\n'],
    ['a source that is a path', 'version: 1\nmodels: { m: { engine: llama-server, source: ./m.gguf } }\n'],
    ['a duration that is none', 'version: 1\nmodels: { m: { engine: command, command: [x], ttl: soon } }\n'],
    ['a misspelt word for a duration', 'version: 1\nmodels: {}\nserver: { timeouts: { total: nevr } }\n'],
    ['a size that is none', 'version: 1\nmodels: {}\nmemory: { host: lots }\n'],
    [
      'a count of tokens with a fraction',
      'version: 1\nmodels: { m: { engine: command, command: [x], context: 4.5k } }\n',
    ],
    ['a scheme before the address', 'version: 1\nmodels: {}\nserver: { listen: "http://localhost:1" }\n'],
    ['a pattern of hosts', 'version: 1\nmodels: {}\nserver: { hosts: ["*"] }\n'],
    ['an origin without a scheme', 'version: 1\nmodels: {}\nserver: { cors: [chat.example] }\n'],
    [
      'an unknown key of a variant',
      'version: 1\nmodels: { m: { engine: command, command: [x], variants: [{ ttl: 1 }] } }\n',
    ],
    ['an engine that nobody knows', 'version: 1\nmodels: {}\nengines: { sglang: {} }\n'],
    ['an image for an engine without', 'version: 1\nmodels: {}\nengines: { vllm: { image: x } }\n'],
  ])('both refuse %s', (_name, text) => {
    expect(parse(text, ON_CPU).kind).toBe('problems')
    expect(faultsOf(text)).not.toEqual([])
  })

  test('every key says what it means, and every default and example may be written', () => {
    const whole = manifestJsonSchema(knowledge.engines)
    const keys = keysOf(whole)
    expect(keys.length).toBeGreaterThan(60)
    expect(keys.filter(([, { description }]) => !description).map(([key]) => key)).toEqual([])
    for (const [key, { default: byDefault, examples = [], ...schema }] of keys) {
      const check = z.fromJSONSchema(schema)
      for (const value of [...(byDefault === undefined ? [] : [byDefault]), ...examples]) {
        expect(check.safeParse(value).success, `${key}: ${JSON.stringify(value)}`).toBe(true)
      }
    }
  })
})

type Schema = ReturnType<typeof manifestJsonSchema>

/** Every key at every depth, dotted; engines have names and no meaning of their own. */
function keysOf(schema: Schema, at = ''): readonly (readonly [key: string, schema: Schema])[] {
  const { properties = {}, additionalProperties: named, items } = schema
  const inner = Object.entries(properties).flatMap(([key, each]) => {
    if (typeof each !== 'object') return []
    const here = at === '' ? key : `${at}.${key}`
    return [...(at === 'engines' ? [] : [[here, each] as const]), ...keysOf(each, here)]
  })
  const deeper = [named, items].flatMap((each) => (typeof each === 'object' && !Array.isArray(each) ? [each] : []))
  return [...inner, ...deeper.flatMap((each) => keysOf(each, `${at}.NAME`))]
}
