import { describe, expect, it } from 'vitest'
import { EnginehouseError, type Manifest } from '../../../src/core/index.ts'
import { createReloader, type ManifestResult } from '../../../src/manifest/index.ts'
import { manifestOf, modelSpec } from '../../fixtures/model-spec.ts'

const BAD: ManifestResult = {
  kind: 'problems',
  path: '/etc/m.yaml',
  text: '',
  problems: [
    {
      file: '/etc/m.yaml',
      code: 'manifest_unknown_key',
      facts: { key: 'tll', at: 'models.a', nearest: ['ttl'] },
      line: 3,
      column: 5,
      length: 3,
      path: 'models.a.tll',
    },
  ],
}

function good(manifest: Manifest): ManifestResult {
  // One of two models has something to warn of.
  const [problem] = BAD.kind === 'problems' ? BAD.problems : []
  const warnings = { problems: problem && manifest.models.size > 1 ? [problem] : [], path: '/etc/m.yaml', text: '' }
  return { kind: 'manifest', manifest, warnings, settings: () => [] }
}

/** A daemon's side of it: what is in force, what was read in turn, what was said. */
function scene(reads: (ManifestResult | EnginehouseError)[]) {
  const said: unknown[] = []
  let current = manifestOf([modelSpec({ name: 'a' })])
  const reload = createReloader({
    path: '/etc/m.yaml',
    read: async () => {
      const next = reads.shift()
      if (next === undefined || next instanceof EnginehouseError) throw next ?? new Error('read too often')
      return next
    },
    current: () => current,
    apply(next, diff, trigger) {
      current = next
      said.push(['applied', trigger, diff.added])
      return { records: [], done: Promise.resolve() }
    },
    refused: ({ problems, problem }) => said.push(['refused', problems, problem]),
    warned: (warnings) => warnings.forEach(({ line }) => said.push(['warned', line])),
  })
  return { said, reload, current: () => current }
}

const A = manifestOf([modelSpec({ name: 'a' })])
const AB = manifestOf([modelSpec({ name: 'a' }), modelSpec({ name: 'b' })])

describe('a reload', () => {
  it('puts a good manifest in force, and leaves the old one when the new one is bad', async () => {
    const { said, reload, current } = scene([good(AB), BAD])
    expect(await reload('operator')).toMatchObject({ kind: 'reloaded', manifest: AB, diff: { added: ['b'] } })
    expect(await reload('operator')).toMatchObject({
      kind: 'refused',
      problems: BAD,
      error: { code: 'manifest_invalid' },
    })
    expect(current()).toBe(AB)
    expect(said).toEqual([
      ['warned', 3],
      ['applied', 'operator', ['b']],
      ['refused', 1, '3:5 There is no key "tll" under models.a.'],
    ])
  })

  it('says of a file that cannot be read why', async () => {
    const { said, reload } = scene([new EnginehouseError('manifest_not_found', { looked: ['/etc/m.yaml'] })])
    expect(await reload('signal')).toMatchObject({ kind: 'refused', problems: null })
    expect(said).toEqual([['refused', 1, 'No manifest was found at /etc/m.yaml.']])
  })

  it('of a save without a meaning is none, unless it mends what was refused', async () => {
    const { said, reload } = scene([good(A), BAD, good(A), good(A)])
    expect((await reload('file')).kind).toBe('unchanged')
    expect((await reload('file')).kind).toBe('refused')
    expect((await reload('file')).kind).toBe('reloaded')
    expect((await reload('signal')).kind).toBe('reloaded')
    expect(said.map((each) => (each as string[])[0])).toEqual(['refused', 'applied', 'applied'])
  })

  it('takes its turn: each compares with what the one before put in force', async () => {
    const { said, reload } = scene([good(AB), good(A)])
    await Promise.all([reload('file'), reload('file')])
    expect(said).toEqual([
      ['warned', 3],
      ['applied', 'file', ['b']],
      ['applied', 'file', []],
    ])
  })
})
