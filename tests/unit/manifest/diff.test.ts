import { describe, expect, it } from 'vitest'
import { diffManifests, isEmptyDiff } from '../../../src/manifest/index.ts'
import { manifestOf, modelSpec } from '../../fixtures/model-spec.ts'

const coder = modelSpec({ name: 'coder', args: [['jinja', true]] })
const tiny = modelSpec({ name: 'tiny' })

describe('what differs between two manifests', () => {
  it('nothing, when only the file and the order of models differ', () => {
    const diff = diffManifests(manifestOf([coder, tiny]), manifestOf([tiny, { ...coder }], { path: '/other.yaml' }))
    expect(isEmptyDiff(diff)).toBe(true)
  })

  it('nothing, when what holds by itself is written', () => {
    const after = manifestOf([coder], { engines: { 'llama-server': { path: null, image: null } } })
    expect(isEmptyDiff(diffManifests(manifestOf([coder]), after))).toBe(true)
  })

  it('names models that came and models that went', () => {
    const diff = diffManifests(manifestOf([coder]), manifestOf([tiny]))
    expect(diff).toEqual({ added: ['tiny'], removed: ['coder'], changed: [], settings: [] })
  })

  it.each([
    ['ttl', { ttl: 1000 }, false],
    ['aliases', { aliases: ['gpt-4o'] }, false],
    ['min_residency', { minResidency: 1 }, false],
    ['concurrency', { concurrency: 7 }, false],
    ['timeouts', { timeouts: { firstByte: 1, betweenBytes: null, total: null } }, false],
    ['context', { context: 4096 }, true],
    ['memory', { memory: { device: 0, host: 1 } }, true],
    ['offload', { offload: { layers: 'all', experts: 'cpu' } }, true],
    ['served_name', { servedName: 'inner' }, true],
    ['cwd', { cwd: '/srv' }, true],
    ['stop', { stop: { signal: 'SIGINT', grace: 10_000, command: null } }, true],
    ['capabilities', { capabilities: ['chat'] }, false],
    ['args', { args: [['jinja', 'false']] }, true],
    ['env', { env: { A: '1' } }, true],
    ['resources', { resources: { tpu: 1 } }, true],
  ] as const)('%s alone', (key, change, relaunch) => {
    const diff = diffManifests(manifestOf([coder]), manifestOf([{ ...coder, ...change }]))
    expect(diff.changed).toEqual([{ model: 'coder', keys: [key], relaunch }])
  })

  it('keeps a launch that moved to another place among the variants', () => {
    const short = { ...coder, context: 2048 }
    const after = { ...short, variants: [coder] }
    expect(diffManifests(manifestOf([coder]), manifestOf([after])).changed).toMatchObject([{ relaunch: false }])
  })

  it('an engine that moved relaunches its models, whose keys stand', () => {
    const after = manifestOf([coder], { engines: { 'llama-server': { path: '/opt/llama-server' } } })
    const diff = diffManifests(manifestOf([coder]), after)
    expect(diff.changed).toEqual([{ model: 'coder', keys: [], relaunch: true }])
    expect(diff.settings).toEqual([{ key: 'engines.llama-server', restart: false }])
  })

  it('says which settings wait for a restart', () => {
    const before = manifestOf([])
    const server = { ...before.server, maxQueue: 1, listen: { kind: 'unix' as const, path: '/s' } }
    expect(diffManifests(before, { ...before, server }).settings).toEqual([
      { key: 'server.listen', restart: true },
      { key: 'server.max_queue', restart: false },
    ])
  })
})
