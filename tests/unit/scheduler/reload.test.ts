import { describe, expect, it } from 'vitest'
import { GIB, type Manifest, type ModelSpec } from '../../../src/core/index.ts'
import { diffManifests } from '../../../src/manifest/index.ts'
import { initialState } from '../../../src/scheduler/index.ts'
import { manifestOf } from '../../fixtures/model-spec.ts'
import { Drive, hostOf, model } from './drive.ts'

const HOST = hostOf(32 * GIB)

function reload(drive: Drive, next: Manifest | readonly ModelSpec[]): void {
  const manifest = 'models' in next ? next : manifestOf(next)
  const diff = diffManifests(drive.state.manifest, manifest)
  drive.present(drive.input({ kind: 'manifest', next: manifest, diff, trigger: 'file' }))
}

describe('a reload', () => {
  it('keeps the process of a model whose launch stands, whatever else of it changed', () => {
    const drive = new Drive([model('a', GIB)], [HOST])
    const instance = drive.load('a')
    reload(drive, [model('a', GIB, { ttl: 1000, priority: 'high', aliases: ['b'], concurrency: 9, keep: 'preload' })])
    expect(drive.instance('a')).toBe(instance)
    expect(drive.phase('a')).toBe('ready')
    expect(drive.state.models.get('a')?.spec).toMatchObject({ ttl: 1000, concurrency: 9 })
    drive.at += 1000
    drive.input({ kind: 'woke' })
    expect(drive.last('stopping').evidence).toMatchObject({ reason: 'ttl_expired' })
  })

  it('lets a changed launch finish its requests and leave; who waits gets the new one', () => {
    const drive = new Drive([model('a', GIB)], [HOST])
    const old = drive.load('a')
    drive.use(old, 1)
    reload(drive, [model('a', 2 * GIB)])
    expect(drive.of('stop')).toMatchObject([{ instance: old, reason: 'manifest_changed', drain: { kind: 'finish' } }])
    const request = drive.want('a')
    drive.present(drive.input({ kind: 'released', instance: old }))
    expect(drive.last('started').evidence.claims).toMatchObject([{ bytes: 2 * GIB }])
    drive.input({ kind: 'ready', instance: drive.instance('a') })
    expect(drive.of('answer')).toMatchObject([{ request, outcome: { kind: 'ready' } }])
  })

  it('does not bring a changed model back that nobody wants, and brings a kept one back', () => {
    const drive = new Drive([model('a', GIB), model('k', GIB, { keep: 'always', ttl: null })], [HOST])
    drive.load('a')
    const kept = drive.instance('k')
    drive.input({ kind: 'ready', instance: kept })
    const old = drive.instance('a')
    reload(drive, [model('a', 2 * GIB), model('k', 2 * GIB, { keep: 'always', ttl: null })])
    drive.present(drive.input({ kind: 'released', instance: old }))
    drive.present(drive.input({ kind: 'released', instance: kept }))
    expect([drive.phase('a'), drive.phase('k')]).toEqual(['absent', 'starting'])
  })

  it('takes a removed model down and refuses who waits for it by name', () => {
    const drive = new Drive([model('a', GIB), model('b', GIB)], [HOST])
    const old = drive.load('a')
    const request = drive.want('b')
    reload(drive, [])
    expect(drive.last('stopping')).toMatchObject({
      instance: drive.records.find(({ model: of, kind }) => of === 'b' && kind === 'started')?.instance,
      evidence: { reason: 'manifest_changed', why: { rule: 'manifest', removed: true } },
    })
    expect(drive.of('answer')).toMatchObject([{ request, outcome: { code: 'model_not_found', facts: { model: 'b' } } }])
    drive.input({ kind: 'released', instance: old })
    expect(drive.last('released').instance).toBe(old)
    expect(drive.state.models.size).toBe(0)
  })

  it('sends who waits for a fallback that is gone back to what it asked for', () => {
    const big = model('big', 40 * GIB, { fallback: 'small' })
    const drive = new Drive([big, model('small', GIB)], [HOST])
    const request = drive.want('big')
    drive.present()
    expect(drive.phase('small')).toBe('starting')
    reload(drive, [model('big', 2 * GIB)])
    drive.input({ kind: 'ready', instance: drive.instance('big') })
    expect(drive.of('answer')).toMatchObject([{ request, outcome: { kind: 'ready', instance: drive.instance('big') } }])
  })

  it('that brings a model back while its old instance leaves, loads it once that is gone', () => {
    const drive = new Drive([model('a', GIB)], [HOST])
    const old = drive.load('a')
    reload(drive, [])
    reload(drive, [model('a', GIB)])
    drive.want('a')
    expect(drive.instance('a')).toBe(old)
    drive.present(drive.input({ kind: 'released', instance: old }))
    expect(drive.phase('a')).toBe('starting')
  })

  it('forgives a model that was given up when its launch changed, and only then', () => {
    const drive = new Drive([model('a', GIB)], [HOST])
    drive.want('a')
    drive.crash(drive.instance('a'), 'bad_config')
    reload(drive, [model('a', GIB, { ttl: 1 })])
    drive.want('a')
    expect(drive.last('answered').evidence).toMatchObject({ code: 'model_failed' })
    reload(drive, [model('a', GIB, { ttl: 1, args: [['jinja', true]] })])
    drive.want('a')
    expect(drive.phase('a')).toBe('starting')
  })

  it('keeps an instance whose launch became a variant', () => {
    const drive = new Drive([model('a', GIB)], [HOST])
    const instance = drive.load('a')
    reload(drive, [{ ...model('a', 4 * GIB), variants: [model('a', GIB)] }])
    expect(drive.instance('a')).toBe(instance)
    expect(drive.phase('a')).toBe('ready')
  })

  it('starts what is newly kept, and no longer keeps what is not', () => {
    const drive = new Drive([model('a', GIB), model('b', GIB, { keep: 'always', ttl: null })], [HOST])
    reload(drive, [model('a', GIB, { keep: 'always', ttl: null }), model('b', GIB, { ttl: 1000 })])
    expect(drive.phase('a')).toBe('starting')
    expect(drive.state.models.get('b')?.standing).toBeNull()
  })

  it('ends as a start with the last manifest would, once everything has left', () => {
    const memory = { reserve: 0, host: { share: 1 }, resources: { licence: 2 } }
    const last = manifestOf([model('b', GIB, { ttl: 5 }), model('c', 2 * GIB)], { memory })
    const drive = new Drive(
      manifestOf([model('a', GIB), model('b', GIB)], { memory: { ...memory, resources: { x: 1 } } }),
      [HOST],
    )
    const left = [drive.load('a'), drive.load('b')]
    reload(drive, last)
    drive.input({ kind: 'operator', command: { kind: 'unload_all' } })
    for (const instance of left) drive.input({ kind: 'released', instance })
    const fresh = initialState(last, drive.at)
    expect(drive.state.manifest).toBe(last)
    expect([...drive.state.models].map(([name, { spec, standing }]) => [name, spec, standing])).toEqual(
      [...fresh.models].map(([name, { spec, standing }]) => [name, spec, standing]),
    )
    expect([...drive.state.devices.keys()].toSorted()).toEqual(['host', 'resource:licence'])
  })
})
