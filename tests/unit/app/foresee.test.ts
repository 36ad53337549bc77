import { createHash } from 'node:crypto'
import { mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { expect, test } from 'vitest'

import { ADAPTERS } from '../../../engines/index.ts'
import { foresee } from '../../../src/app/foresee.ts'
import { GIB } from '../../../src/core/index.ts'
import type { ModelSpec } from '../../../src/core/index.ts'
import { manifestOf, modelSpec } from '../../fixtures/model-spec.ts'
import { tinyGguf, writeTinyGguf } from '../../fixtures/tiny-gguf.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'

async function one(different: Partial<ModelSpec>, state = temporaryDirectory()) {
  const memory = { reserve: GIB, host: { bytes: 2 * GIB }, resources: {} }
  const [foresight] = await foresee(manifestOf([modelSpec(different)], { memory }), {
    stateDirectory: state,
    adapters: ADAPTERS,
  })
  return foresight
}

function weightsFile(): { readonly kind: 'file'; readonly path: string } {
  const path = join(temporaryDirectory(), 'tiny.gguf')
  writeTinyGguf(path)
  return { kind: 'file', path }
}

test('weights that are here tell the need', async () => {
  const foresight = await one({ source: [weightsFile()] })
  expect(foresight).toMatchObject({ model: 'tiny', sources: [{ kind: 'present' }], fit: { fits: true } })
  expect(foresight?.need?.host).toBeGreaterThan(GIB / 8)
})

test('a file that is not there is told, and the next mirror counts', async () => {
  const gone = { kind: 'file', path: '/none/a.gguf' } as const
  expect(await one({ source: [gone] })).toMatchObject({
    sources: [{ kind: 'failed', code: 'weights_missing' }],
    need: null,
    fit: null,
  })
  expect(await one({ source: [gone, weightsFile()] })).toMatchObject({
    sources: [{ kind: 'failed' }, { kind: 'present' }],
    fit: { fits: true },
  })
})

test('declared memory needs no weights', async () => {
  const memory = { device: 0, host: 3 * GIB }
  expect(await one({ memory, source: [] })).toMatchObject({
    need: { host: 3 * GIB, origin: 'declared' },
    fit: { fits: false, device: 'host', needed: 3 * GIB },
  })
})

test('a smaller variant is enough', async () => {
  const small = modelSpec({ memory: { device: 0, host: GIB } })
  expect(await one({ memory: { device: 0, host: 3 * GIB }, variants: [small] })).toMatchObject({
    need: { host: 3 * GIB },
    fit: { fits: true },
  })
})

test('weights of a program are looked for and never fetched, verified or removed', async () => {
  const state = temporaryDirectory()
  const bytes = tinyGguf()
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const source = [{ kind: 'exec', argv: ['false'], sha256 }] as const
  expect(await one({ source }, state)).toMatchObject({ sources: [{ kind: 'absent' }], need: null, fit: null })

  const entry = join(state, 'weights', 'sha256', sha256)
  mkdirSync(entry, { recursive: true })
  const path = join(entry, 'model.gguf')
  writeFileSync(path, bytes)
  const { size, mtimeNs } = statSync(path, { bigint: true })
  const marker = { file: 'model.gguf', bytes: Number(size), mtime: String(mtimeNs) }
  writeFileSync(join(entry, 'verified.json'), JSON.stringify(marker))
  expect(await one({ source }, state)).toMatchObject({ sources: [{ kind: 'present', weights: { path } }] })

  writeFileSync(join(entry, 'verified.json'), JSON.stringify({ ...marker, bytes: 1 }))
  expect(await one({ source }, state)).toMatchObject({ sources: [{ kind: 'absent' }] })
  expect(readdirSync(entry).toSorted()).toEqual(['model.gguf', 'verified.json'])
})

test('a file beside the weights that is not there leaves the need unknown, and the others as they are', async () => {
  const source = [weightsFile()]
  const without = modelSpec({ name: 'without', source })
  const gone = modelSpec({ name: 'gone', source, args: [['lora', '/none/lora.gguf']] })
  expect(
    await foresee(manifestOf([gone, without]), { stateDirectory: temporaryDirectory(), adapters: ADAPTERS }),
  ).toMatchObject([
    { model: 'gone', need: null, fit: null },
    { model: 'without', need: { origin: 'formula' } },
  ])
})
