import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { parse, stringify } from 'yaml'
import { z } from 'zod'

import { ADAPTERS } from '../../engines/index.ts'
import { expectedBy, manifestShape } from '../../src/manifest/json-schema.ts'
import { ENGINE, ENGINES, HEALTH, MEMORY, MODEL, SERVER, STOP, TOP } from '../../src/manifest/sections.ts'
import { code, NOTICE, paragraphs, table } from './markdown.ts'

type Schema = z.core.JSONSchema.JSONSchema

/** A key that a manifest may have, as the reader of a page sees it. */
export interface ManifestKey {
  /** From the top; NAME stands for a model's name. */
  readonly path: readonly string[]
  /** What may be written, in the words of the reader's own problems; null for a mapping with keys of its own. */
  readonly expected: string | null
  readonly meaning: string
  /** What holds without it, in words; null where nothing does. */
  readonly standard: string | null
  /** Values that the schema itself proposes, the plainest first. */
  readonly proposed: readonly unknown[]
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Where examples come from: what people read first, and what has every key last. */
const EXAMPLES = [
  ...readdirSync(`${ROOT}/configs`)
    .filter((name) => name.endsWith('.yaml'))
    .map((name) => `configs/${name}`),
  'tests/fixtures/manifests/full.yaml',
].map((path): unknown => parse(readFileSync(`${ROOT}/${path}`, 'utf8')))

const LATER = [
  ['', TOP.later],
  ['server.', SERVER.later],
  ['engines.', ENGINES.later],
  ['engines.NAME.', ENGINE.later],
  ['memory.', MEMORY.later],
  ['models.NAME.', MODEL.later],
  ['models.NAME.health.', HEALTH.later],
  ['models.NAME.stop.', STOP.later],
] as const

export function manifestPage(): string {
  const keys = manifestKeys()
  const sections = [...new Set(keys.map(sectionOf))]
  const later = LATER.flatMap(([under, names]) => names.map((name) => code(under + name)))
  return paragraphs(
    NOTICE,
    '# Manifest',
    'Every key of the manifest. What to write for which purpose is in [the guide](../guide/manifest.md); ' +
      '`configs/manifest.schema.json` is the same for editors. Keys that are not listed are refused, but for those at ' +
      'the top that begin with `x-`.',
    'Sizes are written `24GiB` or `500MB`, durations `90s`, `15m`, `1h30m` (a bare number is seconds), counts of tokens ' +
      '`4096` or `64k` (x 1024). Any value may be a variable: `${NAME}` or `${NAME:-default}`.',
    ...sections.flatMap((under) => [
      `## ${under === '' ? 'At the top' : under}`,
      keyTable(keys.filter((key) => sectionOf(key) === under)),
    ]),
    '## defaults',
    `Any key of a model but ${series(notShared())}, for all models that do not write it themselves.`,
    ...(later.length === 0
      ? []
      : ['## Not in this version', `Known, and refused by name until they are built: ${later.join(', ')}.`]),
  )
}

/** Every key of the manifest, in the order of its sections; those of `defaults` stand under `models.NAME` only. */
export function manifestKeys(): readonly ManifestKey[] {
  return everyKey().filter(({ path }) => path[0] !== 'defaults' || path.length === 1)
}

function everyKey(): readonly ManifestKey[] {
  const schema = z.toJSONSchema(manifestShape(ADAPTERS), {
    target: 'draft-7',
    io: 'input',
    override({ zodSchema, jsonSchema }) {
      jsonSchema['expected'] = expectedBy(zodSchema)
    },
  })
  return keysOf(schema, [])
}

/** A section's own keys before those of the sections in it. */
function keysOf(schema: Schema, at: readonly string[]): readonly ManifestKey[] {
  const entries = Object.entries(schema.properties ?? {}).flatMap(([key, each]) =>
    typeof each === 'object' ? [[[...at, key], each] as const] : [],
  )
  return [...entries.map(([path, each]) => keyOf(each, path)), ...entries.flatMap(([path, each]) => within(each, path))]
}

function within(schema: Schema, path: readonly string[]): readonly ManifestKey[] {
  const named = schema.additionalProperties
  const ofNames = typeof named === 'object' && named.properties ? keysOf(named, [...path, 'NAME']) : []
  return [...keysOf(schema, path), ...ofNames]
}

function keyOf(schema: Schema, path: readonly string[]): ManifestKey {
  const [, meaning = '', standard = null] = /^(.*?)(?:(?:^|\s)Default (.+?)\.?)?$/s.exec(schema.description ?? '') ?? []
  const isSection = schema.properties !== undefined || isObject(schema.additionalProperties)
  const { expected, hint } = schema
  return {
    path,
    expected: isSection ? null : (listOf(schema) ?? (typeof expected === 'string' ? expected : null)),
    meaning,
    standard,
    proposed: examplesIn(hint),
  }
}

/** What the schema proposes to editors. */
function examplesIn(hint: unknown): readonly unknown[] {
  const isHint = typeof hint === 'object' && hint !== null && 'examples' in hint
  return isHint && Array.isArray(hint.examples) ? hint.examples : []
}

/** Of a key that holds mappings with keys of their own; undefined for another. */
function listOf({ items }: Schema): string | undefined {
  if (typeof items !== 'object' || Array.isArray(items) || items.properties === undefined) return undefined
  return `a list of mappings, each with any of ${Object.keys(items.properties).map(code).join(', ')}`
}

function isObject(schema: Schema['additionalProperties']): boolean {
  return typeof schema === 'object' && schema.properties !== undefined
}

function keyTable(keys: readonly ManifestKey[]): string {
  const rows = keys.map((key) => [
    code(key.path.at(-1) ?? ''),
    key.expected ?? 'keys of its own',
    key.standard ?? '',
    key.meaning,
    key.expected === null ? '' : code(exampleOf(key)),
  ])
  return table(['key', 'value', 'default', 'meaning', 'example'], rows)
}

/** From the schema, else from a manifest that tests hold to be right; throws where no plain value is found. */
function exampleOf({ path, proposed }: ManifestKey): string {
  const written = [...proposed, ...EXAMPLES.flatMap((manifest) => valuesAt(manifest, path))].map((value) =>
    stringify(value, { collectionStyle: 'flow', lineWidth: 0 }).trim(),
  )
  const example = written.find((text) => !text.includes('${'))
  if (example !== undefined) return `${path.at(-1)}: ${example}`
  throw new Error(`tests/fixtures/manifests/full.yaml has no ${path.join('.')}: give it one, as the page's example.`)
}

function valuesAt(value: unknown, [key, ...rest]: readonly string[]): readonly unknown[] {
  if (key === undefined) return [value]
  if (typeof value !== 'object' || value === null) return []
  const next = Object.entries(value).filter(([name]) => key === 'NAME' || name === key)
  return next.flatMap(([, each]) => valuesAt(each, rest))
}

function sectionOf({ path }: ManifestKey): string {
  return path.slice(0, -1).join('.')
}

/** Keys of a model that `defaults` does not take. */
function notShared(): readonly string[] {
  const under = (section: string) => everyKey().filter((key) => sectionOf(key) === section)
  const shared = new Set(under('defaults').map(({ path }) => path.at(-1)))
  return under('models.NAME').flatMap(({ path: [, , key = ''] }) => (shared.has(key) ? [] : [code(key)]))
}

function series(items: readonly string[]): string {
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`
}
