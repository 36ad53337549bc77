import { describe, expect, it } from 'vitest'
import { GIB, type Input } from '../../../src/core/index.ts'
import { manifestOf } from '../../fixtures/model-spec.ts'
import { Drive, hostOf, model, START } from './drive.ts'

describe('a model that is not ready', () => {
  it('is fetched, planned and started once, however many ask', () => {
    const drive = new Drive([model('a', GIB)], [hostOf(8 * GIB)])
    const requests = Array.from({ length: 100 }, () => drive.want('a'))
    expect(drive.count('fetch')).toBe(1)
    expect(drive.count('started')).toBe(1)

    const effects = drive.input({ kind: 'ready', instance: drive.instance('a') })
    const answers = effects.flatMap((effect) => (effect.kind === 'answer' ? [effect] : []))
    expect(answers.map((answer) => answer.request)).toEqual(requests)
    expect(new Set(answers.map((answer) => answer.outcome.kind))).toEqual(new Set(['ready']))
    expect(drive.state.waiters).toEqual([])
  })

  it('goes on loading when everybody who asked has left', () => {
    const drive = new Drive([model('a', GIB)], [hostOf(8 * GIB)])
    const request = drive.want('a')
    drive.input({ kind: 'gave_up', request })
    expect(drive.phase('a')).toBe('starting')
    expect(
      drive.input({ kind: 'ready', instance: drive.instance('a') }).filter(({ kind }) => kind === 'answer'),
    ).toEqual([])
    expect(drive.phase('a')).toBe('ready')
  })

  it('refuses at once who asked not to wait, and loads all the same', () => {
    const drive = new Drive([model('a', GIB)], [hostOf(8 * GIB)])
    const request = drive.want('a', 'fail')
    expect(drive.last('answered').evidence).toMatchObject({ request, outcome: 'refused', code: 'model_loading' })
    expect(drive.phase('a')).toBe('starting')
  })

  it('is answered with what its weights lack, and looked for again later', () => {
    const drive = new Drive([model('a', GIB)], [hostOf(8 * GIB)])
    drive.input({ kind: 'wanted', model: 'a', request: 'r1', onCold: 'wait' })
    const status = {
      kind: 'failed',
      code: 'weights_missing',
      facts: { model: 'a', path: '/x' },
      message: 'not there',
    } as const
    drive.input({ kind: 'weights', model: 'a', key: drive.key('a'), status })
    expect(drive.of('answer')).toEqual([
      {
        kind: 'answer',
        request: 'r1',
        outcome: { kind: 'refused', code: 'weights_missing', facts: { model: 'a', path: '/x' } },
      },
    ])
    drive.at += 60_000
    expect(drive.input({ kind: 'wanted', model: 'a', request: 'r2', onCold: 'wait' })).toContainEqual({
      kind: 'fetch',
      model: 'a',
      spec: drive.state.models.get('a')?.spec,
      key: drive.key('a'),
    })
  })

  it('looks at its weights again before every load', () => {
    const drive = new Drive([model('a', GIB, { ttl: 1000 })], [hostOf(8 * GIB)])
    const instance = drive.load('a')
    drive.at += 1000
    drive.input({ kind: 'woke' })
    drive.input({ kind: 'released', instance })
    drive.want('a')
    expect(drive.count('fetch')).toBe(2)
  })

  it('says no by name of the limit when nothing fell free in time', () => {
    const drive = new Drive([model('a', 6 * GIB), model('b', 6 * GIB, { keep: 'auto' })], [hostOf(8 * GIB)])
    drive.want('a')
    const request = drive.want('b')
    drive.at = START + manifestOf([]).server.queueTimeout - 1
    drive.input({ kind: 'woke' })
    expect(drive.of('answer')).toEqual([])
    drive.at += 1
    drive.input({ kind: 'woke' })
    expect(drive.of('answer')).toMatchObject([{ request, outcome: { code: 'queue_timeout' } }])
  })

  it('LS3: drops the late results of an instance that is gone, whoever waits for the next one', () => {
    const drive = new Drive([model('a', GIB)], [hostOf(8 * GIB)])
    drive.want('a')
    const instance = drive.instance('a')
    drive.input({ kind: 'operator', command: { kind: 'unload', model: 'a' } })
    drive.input({ kind: 'released', instance })
    const request = drive.want('a')
    const before = drive.state.instances
    const detail = { message: 'stopped', code: 0, signal: null, logTail: [] }
    drive.input({ kind: 'exited', instance, class: 'exited', detail })
    for (const kind of ['ready', 'released'] as const) drive.input({ kind, instance })
    expect(drive.count('late')).toBe(3)
    expect([...drive.state.instances]).toEqual([...before])
    expect(drive.state.waiters.map((each) => each.request)).toEqual([request])
    drive.input({ kind: 'ready', instance: drive.instance('a') })
    expect(drive.of('answer')).toMatchObject([{ request, outcome: { kind: 'ready' } }])
  })
})

describe('a step', () => {
  it('never changes the state that it was given', () => {
    const drive = new Drive([model('a', 6 * GIB), model('b', 6 * GIB)], [hostOf(8 * GIB)])
    drive.load('a')
    drive.at += 2000
    const before = drive.state
    const frozen = JSON.stringify([[...before.models], [...before.instances], before.waiters])
    drive.want('b')
    expect(drive.phase('a')).toBe('leaving')
    expect(JSON.stringify([[...before.models], [...before.instances], before.waiters])).toBe(frozen)
  })

  it('LS14: takes what does not fit its books as late, and goes on', () => {
    const drive = new Drive([model('a', GIB)], [hostOf(8 * GIB)])
    const a = drive.load('a')
    const { instances, models, waiters } = drive.state
    const detail = { message: 'it ended', code: 1, signal: null, logTail: [] }
    const need = { perGpu: null, host: GIB, origin: 'declared' } as const
    const misfits: readonly Input[] = [
      { kind: 'ready', instance: a },
      { kind: 'ready', instance: 'nobody' },
      { kind: 'exited', instance: 'nobody', class: 'exited', detail },
      { kind: 'released', instance: 'nobody' },
      { kind: 'stuck', instance: 'nobody', missing: [], why: 'lost' },
      { kind: 'idle', instance: 'nobody' },
      { kind: 'gave_up', request: 'nobody' },
      { kind: 'weights', model: 'nobody', key: 'none', status: { kind: 'present', need } },
      { kind: 'weights', model: 'a', key: 'none', status: { kind: 'present', need } },
    ]
    for (const input of misfits) drive.input(input)
    expect(drive.count('late')).toBe(5)
    expect([drive.state.instances, drive.state.models, drive.state.waiters]).toEqual([instances, models, waiters])
    const request = drive.want('a')
    expect(drive.of('answer')).toMatchObject([{ request, outcome: { kind: 'ready', instance: a } }])
  })

  it('numbers its records on from the stamp, each caused by earlier ones', () => {
    const drive = new Drive([model('a', 6 * GIB), model('b', 6 * GIB)], [hostOf(8 * GIB)])
    drive.load('a')
    drive.at += 2000
    drive.want('b')
    expect(drive.records.map((record) => record.seq)).toEqual(drive.records.map((_, index) => index + 1))
    for (const record of drive.records) for (const cause of record.cause) expect(cause).toBeLessThan(record.seq)
  })
})
