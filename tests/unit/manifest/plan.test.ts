import { assert, expect, test } from 'vitest'

import { diffManifests, planOf } from '../../../src/manifest/index.ts'
import { parse, ON_CPU } from './helpers.ts'

function plan(before: string, after: string, environment: Readonly<Record<string, string>> = {}, later = environment) {
  const [old, now] = [parse(before, ON_CPU, { environment }), parse(after, ON_CPU, { environment: later })]
  assert(old.kind === 'manifest' && now.kind === 'manifest', JSON.stringify([old, now]))
  return planOf(diffManifests(old.manifest, now.manifest), old.settings(), now.settings())
}

const manifest = (model: string, top = '') =>
  `version: 1\n${top}models:\n  m: { engine: command, command: [x], ${model} }\n`

test('the same is no change', () => {
  expect(plan(manifest('ttl: 5m'), manifest('ttl: 5m'))).toEqual({ models: [], settings: [] })
  expect(plan(manifest('ttl: 5m'), manifest('ttl: 300s'))).toEqual({ models: [], settings: [] })
})

test.each([
  ['a value', 'ttl: 5m', 'ttl: 10m', [{ key: 'ttl', before: '5m', after: '10m' }], false],
  ['a default', 'priority: high', 'ttl: 5m', [{ key: 'priority', before: 'high', after: 'normal' }], false],
  ['one of many flags', 'args: { a: 1, b: 2 }', 'args: { a: 1, b: 3 }', [{ key: 'args.b', before: 2, after: 3 }], true],
  ['a flag that goes', 'args: { a: 1, b: 2 }', 'args: { a: 1 }', [{ key: 'args.b', before: 2, after: null }], true],
  ['words', 'memory: 1GiB', 'ttl: 5m', [{ key: 'memory', before: '1GiB', after: 'unaccounted' }], true],
  ['a secret', 'env: { API_KEY: a }', 'env: { API_KEY: b }', [{ key: 'env', before: null, after: null }], true],
] as const)('%s', (_name, before, after, keys, relaunch) => {
  expect(plan(manifest(before), manifest(after)).models).toEqual([{ model: 'm', change: 'changed', relaunch, keys }])
})

test('no value of a variable is in it', () => {
  const { models } = plan(
    manifest('env: { X: "${V}" }'),
    manifest('env: { X: "${V}" }'),
    { V: 'hunter2' },
    { V: 'other' },
  )
  expect(models).toEqual([
    { model: 'm', change: 'changed', relaunch: true, keys: [{ key: 'env', before: null, after: null }] },
  ])
})

test('models that come and go, and what is not a model', () => {
  const before = manifest('ttl: 5m', 'server: { max_queue: 1 }\n')
  const after =
    'version: 1\nserver: { listen: "127.0.0.1:1", max_queue: 2 }\nmodels:\n  n: { engine: command, command: [x] }\n'
  expect(plan(before, after)).toEqual({
    models: [
      { model: 'n', change: 'added', relaunch: false, keys: [] },
      { model: 'm', change: 'removed', relaunch: false, keys: [] },
    ],
    settings: [
      { key: 'server.listen', before: '127.0.0.1:8080', after: '127.0.0.1:1', restart: true },
      { key: 'server.max_queue', before: 1, after: 2, restart: false },
    ],
  })
})
