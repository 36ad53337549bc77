import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import type { EngineName } from '../../../src/core/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { safetensors, TINY_CONFIG, writeWeightsDirectory } from '../../fixtures/safetensors.ts'
import { bench } from './source-program.ts'

function ensure(path: string, engine: EngineName = 'vllm') {
  return bench()
    .room()
    .ensure(modelSpec({ name: 'm', engine, source: [{ kind: 'file', path }] }))
}

function place(name = 'weights'): string {
  return join(bench().manifestDirectory, name)
}

test.each(['vllm', 'tgi', 'command'] as const)('%s takes a directory of safetensors', async (engine) => {
  const path = writeWeightsDirectory(place())
  const weights = { path, bytes: safetensors().length, architecture: null, trainedContext: 2048 }
  expect(await ensure(path, engine)).toEqual({ kind: 'present', weights })
})

test('the files that the index names are the weights, each counted once; others beside them are not', async () => {
  const index = {
    metadata: {},
    weight_map: { a: 'model-1.safetensors', b: 'model-2.safetensors', c: 'model-1.safetensors' },
  }
  const path = writeWeightsDirectory(place(), {
    'model.safetensors': null,
    'model-1.safetensors': safetensors(100),
    'model-2.safetensors': safetensors(200),
    'consolidated.safetensors': safetensors(300),
    'pytorch_model.bin': 'never read',
    'model.safetensors.index.json': JSON.stringify(index),
  })
  const bytes = safetensors(100).length + safetensors(200).length
  expect(await ensure(path)).toMatchObject({ kind: 'present', weights: { bytes } })
})

test('without an index a second copy in another format is not counted', async () => {
  const path = writeWeightsDirectory(place(), { 'consolidated.safetensors': safetensors(300) })
  expect(await ensure(path)).toMatchObject({ weights: { bytes: safetensors().length } })
})

test('links are followed, as the cache of the hub has them', async () => {
  const path = writeWeightsDirectory(place(), { 'model.safetensors': null })
  const blob = place('blob')
  writeFileSync(blob, safetensors(500))
  symlinkSync(blob, join(path, 'model.safetensors'))
  expect(await ensure(path)).toMatchObject({ weights: { bytes: safetensors(500).length } })
})

test.each([
  ['the context of a model that also sees', { text_config: { ...TINY_CONFIG, max_position_embeddings: 512 } }, 512],
  ['an older name of the context', { n_positions: 1024 }, 1024],
  ['no context', { model_type: 'x' }, null],
])('%s', async (_name, config, trainedContext) => {
  const path = writeWeightsDirectory(place(), { 'config.json': JSON.stringify(config) })
  expect(await ensure(path)).toMatchObject({ kind: 'present', weights: { trainedContext } })
})

test.each<[string, Readonly<Record<string, string | Buffer | null>>, RegExp]>([
  ['no config.json', { 'config.json': null }, /has no config\.json/],
  ['a config.json that is none', { 'config.json': '<html>' }, /config\.json is not JSON/],
  ['a config.json that is a list', { 'config.json': '[]' }, /is not a mapping/],
  ['nothing to load', { 'model.safetensors': null }, /has no \*\.safetensors/],
  [
    'pickles alone',
    { 'model.safetensors': null, 'pytorch_model.bin': 'x' },
    /run code when they are loaded, and `allow_code` is not supported by this version/,
  ],
  [
    'a file cut off',
    { 'model.safetensors': safetensors(900).subarray(0, 500) },
    /model\.safetensors: the file is cut off/,
  ],
  ['a file of another format', { 'model.safetensors': '<!doctype html><html>' }, /is not safetensors/],
  [
    'a header of another format',
    { 'model.safetensors': Buffer.concat([Buffer.from([8, 0, 0, 0, 0, 0, 0, 0]), Buffer.from('{"a": 1}')]) },
    /not that of safetensors/,
  ],
  ['an empty file', { 'model.safetensors': '' }, /too short/],
  ['an index that is none', { 'model.safetensors.index.json': '{}' }, /does not name the files/],
  [
    'a file that is not there',
    { 'model.safetensors.index.json': '{"weight_map":{"a":"b.safetensors"}}' },
    /names b\.safetensors, which is not there/,
  ],
])('%s is wrong', async (_name, files, why) => {
  const path = writeWeightsDirectory(place(), files)
  expect(await ensure(path)).toMatchObject({
    kind: 'failed',
    code: 'weights_wrong',
    facts: { model: 'm', path, why: expect.stringMatching(why) },
  })
})

test('each engine is told what it reads', async () => {
  const path = writeWeightsDirectory(place())
  const file = place('weights.safetensors')
  writeFileSync(file, safetensors())
  expect(await ensure(path, 'llama-server')).toMatchObject({
    facts: { why: 'it is a directory, and llama-server reads a GGUF file' },
  })
  expect(await ensure(file, 'tgi')).toMatchObject({
    facts: { why: 'it is a file, and tgi reads a directory of safetensors with its config.json' },
  })
  mkdirSync(place('empty'))
  expect(await ensure(place('none'))).toMatchObject({ code: 'weights_missing' })
})
