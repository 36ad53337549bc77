import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { ADAPTERS } from '../../../engines/index.ts'
import { nextOf, sentenceOf } from '../../../src/core/index.ts'
import { nearest } from '../../../src/lib/nearest.ts'
import type { ManifestProblem } from '../../../src/manifest/index.ts'
import {
  CONTAINED_ENGINE,
  ENGINE,
  engineSections,
  HEALTH,
  LOAD,
  MEMORY,
  MODEL,
  MODEL_DEFAULTS,
  OFFLOAD,
  SERVER,
  START,
  STOP,
  TIMEOUTS,
  TOP,
  VARIANT,
} from '../../../src/manifest/sections.ts'
import type { Case } from './corpus/case.ts'
import { ON_GPUS } from './corpus/gpus.ts'
import { LIMITS } from './corpus/limits.ts'
import { MODELS } from './corpus/models.ts'
import { SECTIONS } from './corpus/sections.ts'
import { VALUES } from './corpus/values.ts'
import { SECRET, VARIABLES, VARYING } from './corpus/variables.ts'
import { KEPT, WAYS } from './corpus/variants.ts'
import { YAML_TEXT } from './corpus/yaml-text.ts'
import { ON_CPU, ON_GPU, parseBad } from './helpers.ts'

const TABLES: readonly { readonly table: string; readonly cases: readonly Case[]; readonly gpus?: true }[] = [
  { table: 'YAML', cases: YAML_TEXT },
  { table: 'sections', cases: SECTIONS },
  { table: 'models', cases: MODELS },
  { table: 'values', cases: VALUES },
  { table: 'limits', cases: LIMITS },
  { table: 'ways', cases: WAYS },
  { table: 'kept', cases: KEPT },
  { table: 'variables', cases: VARYING },
  { table: 'a host with GPUs', cases: ON_GPUS, gpus: true },
]

test('the corpus is large, and no two of its manifests are alike', () => {
  const texts = TABLES.flatMap(({ cases }) => cases.map(([, text]) => text))
  expect(texts.length).toBeGreaterThanOrEqual(150)
  expect(new Set(texts).size).toBe(texts.length)
})

describe.each(TABLES)('$table', ({ cases, gpus }) => {
  const rows = cases.map(([name, marked, ...expected]) => ({ name, marked, expected }))
  test.each(rows)('$name', ({ marked, expected }) => {
    const { text, places } = unmark(marked)
    const { problems } = parseBad(text, gpus ? ON_GPU : ON_CPU, { environment: VARIABLES })
    expect(problems.map(({ code, line, column }) => [code, line, column])).toEqual(
      expected.map(([code], index) => [code, ...(places[index] ?? [])]),
    )
    expect(places).toHaveLength(expected.length)
    for (const [index, [, words]] of expected.entries()) {
      const problem = problems[index]
      const said = problem ? `${sentenceOf(problem.code, problem.facts)} ${nextOf(problem.code, problem.facts)}` : ''
      expect(said).toContain(words)
      expect(said, 'words of a library').not.toMatch(/Invalid|expected .*received/)
    }
    for (const problem of problems) expectNearest(problem)
    expect(JSON.stringify(problems), 'a value of a variable').not.toContain(SECRET)
  })
})

const keysOf = ({ shape }: { readonly shape: object }): readonly string[] => Object.keys(shape)

const OWN_PROGRAMS = Object.keys(engineSections(ADAPTERS))

/** Where keys may stand, and which. */
const PLACES: readonly (readonly [place: RegExp, keys: readonly string[]])[] = [
  [/^$/, keysOf(TOP)],
  [/^server$/, keysOf(SERVER)],
  [/^memory$/, keysOf(MEMORY)],
  [/^engines$/, OWN_PROGRAMS],
  [/^engines\.tgi$/, keysOf(CONTAINED_ENGINE)],
  [/^engines\.[^.]+$/, keysOf(ENGINE)],
  [/^defaults$/, keysOf(MODEL_DEFAULTS)],
  [/^models\.[^.]+$/, keysOf(MODEL)],
  [/\.variants\[\d+\]$/, keysOf(VARIANT)],
  [/\.health$/, keysOf(HEALTH)],
  [/\.load$/, keysOf(LOAD)],
  [/\.offload$/, keysOf(OFFLOAD)],
  [/\.start$/, keysOf(START)],
  [/\.stop$/, keysOf(STOP)],
  [/\.timeouts$/, keysOf(TIMEOUTS)],
  [/\.memory$/, ['device', 'host']],
  [/\.gpus$/, ['count']],
  [/\.source(\[\d+\])?$/, ['exec', 'sha256']],
]

/** Keys whose values are words. */
const WORDS: Readonly<Record<string, readonly string[]>> = {
  engine: ['llama-server', 'vllm', 'tgi', 'command'],
  keep: ['auto', 'always', 'preload'],
  priority: ['low', 'normal', 'high'],
  gpus: ['any', 'none'],
}

/** A problem that names an unknown key, engine or word names the nearest that there is. */
function expectNearest({ code, facts, path }: ManifestProblem): void {
  if (code === 'manifest_unknown_key') {
    const { key, at, nearest: named } = facts
    const [, keys] = PLACES.find(([place]) => place.test(String(at))) ?? []
    if (key !== '__proto__') expect(named, `${String(at)}.${String(key)}`).toEqual(nearest(String(key), keys ?? []))
  }
  const words = WORDS[path.split('.').at(-1) ?? '']
  const [, got] = /^"(.*)"$/.exec(String(facts['got'])) ?? []
  if (code === 'manifest_value' && words && got !== undefined) expect(facts['nearest']).toEqual(nearest(got, words))
}

const LETTERS = 'abcdefghijklmnopqrstuvwxyz_'

/** A word with one slip of the pen: a letter less, more, other, or two in each other's place. */
function slips(names: readonly string[]): fc.Arbitrary<readonly [name: string, wrong: string]> {
  const slip = fc.tuple(
    fc.constantFrom(...names),
    fc.nat(),
    fc.constantFrom(...LETTERS),
    fc.constantFrom('less', 'more', 'other', 'swapped'),
  )
  return slip.map(([name, place, letter, kind]) => {
    const at = place % name.length
    const [before, after] = [name.slice(0, at), name.slice(at + 1)]
    switch (kind) {
      case 'less':
        return [name, before + after]
      case 'more':
        return [name, before + letter + name.slice(at)]
      case 'other':
        return [name, before + letter + after]
      default:
        return [name, before + after.slice(0, 1) + name[at] + after.slice(1)]
    }
  })
}

const SPELT: readonly (readonly [place: string, keys: readonly string[], write: (key: string) => string])[] = [
  ['the top', keysOf(TOP), (key) => `version: 1\nmodels: {}\n${key}: {}\n`],
  ['server', keysOf(SERVER), (key) => `version: 1\nmodels: {}\nserver: { ${key}: 1 }\n`],
  ['memory', keysOf(MEMORY), (key) => `version: 1\nmodels: {}\nmemory: { ${key}: 1 }\n`],
  ['engines', OWN_PROGRAMS, (key) => `version: 1\nmodels: {}\nengines: { ${key}: {} }\n`],
  ['defaults', keysOf(MODEL_DEFAULTS), (key) => `version: 1\nmodels: {}\ndefaults: { ${key}: 1 }\n`],
  ['a model', keysOf(MODEL), (key) => `version: 1\nmodels: { m: { ${key}: 1 } }\n`],
  ['health', keysOf(HEALTH), (key) => `version: 1\nmodels: { m: { health: { ${key}: 1 } } }\n`],
  ['load', keysOf(LOAD), (key) => `version: 1\nmodels: { m: { load: { ${key}: 1 } } }\n`],
  ['start', keysOf(START), (key) => `version: 1\nmodels: { m: { start: { ${key}: 1 } } }\n`],
  ['timeouts', keysOf(TIMEOUTS), (key) => `version: 1\nmodels: {}\nserver: { timeouts: { ${key}: 1 } }\n`],
  [
    'a variant',
    keysOf(VARIANT),
    (key) => `version: 1\nmodels: { m: { engine: command, command: [x], variants: [{ ${key}: 1 }] } }\n`,
  ],
  ...Object.entries(WORDS).map(
    ([key, words]) => [key, words, (word: string) => `version: 1\nmodels: { m: { ${key}: ${word} } }\n`] as const,
  ),
]

test.each(SPELT)('whatever is misspelt in %s is named as it should be', (_place, names, write) => {
  fc.assert(
    fc.property(slips(names), ([name, wrong]) => {
      // What begins with x- at the top is free.
      fc.pre(!names.includes(wrong) && !/^(x-.*)?$/.test(wrong))
      const { problems } = parseBad(write(wrong), ON_GPU)
      const named = problems.flatMap(({ facts }) => (Array.isArray(facts['nearest']) ? facts['nearest'] : []))
      expect(named, wrong).toContain(name)
    }),
    { numRuns: 100 },
  )
})

test('every problem is reported at once, in the order of the text, and a wrong key does not hide what depends on others', () => {
  const { text, places } = unmark(`version: ▶3
server: { listen: ▶nowhere }
defaults: { keep: ▶sometimes }
models:
  a:
    engine: llama-server
    ▶sorce: file:a.gguf
    ttl: ▶soon
    context: ▶\${CONTEXT}
    args: { ▶host: x }
  ▶b: { engine: llama-server }
`)
  const { problems } = parseBad(text)
  const found = problems.filter(({ path }) => path !== 'models.a.source')
  expect(found.map(({ line, column }) => [line, column])).toEqual(places)
})

/** Takes the marks out of a text; their places are 1-based. */
function unmark(marked: string): { text: string; places: readonly (readonly [number, number])[] } {
  const places: (readonly [number, number])[] = []
  let text = ''
  for (const [index, part] of marked.split('▶').entries()) {
    if (index > 0) places.push([text.split('\n').length, text.length - text.lastIndexOf('\n')])
    text += part
  }
  return { text, places }
}
