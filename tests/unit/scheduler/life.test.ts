import { describe, expect, it } from 'vitest'
import { GIB } from '../../../src/core/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { Drive, hostOf, model } from './drive.ts'

const LIMITS = modelSpec().start

const HOST = [hostOf(8 * GIB)]

describe('a ttl', () => {
  it('runs from the last byte, to the millisecond', () => {
    const drive = new Drive([model('a', GIB, { ttl: 10_000 })], HOST)
    const a = drive.load('a')
    const lastByteAt = drive.at
    expect(drive.wakeAt()).toBe(lastByteAt + 10_000)
    drive.at = lastByteAt + 9_999
    drive.input({ kind: 'woke' })
    expect(drive.phase('a')).toBe('ready')
    drive.at += 1
    drive.input({ kind: 'woke' })
    expect(drive.of('stop')).toMatchObject([{ instance: a, reason: 'ttl_expired' }])
    expect(drive.last('stopping').evidence.why).toEqual({ rule: 'ttl', ttl: 10_000, lastByteAt })
  })

  it.each([
    ['a lease', 1, 0],
    ['somebody in line for a slot', 0, 1],
  ])('LS6: never ends %s', (_what, leases, waiting) => {
    const drive = new Drive([model('a', GIB, { ttl: 10_000 })], HOST)
    const a = drive.load('a')
    drive.use(a, leases, waiting)
    drive.at += 50_000
    drive.input({ kind: 'woke' })
    expect(drive.phase('a')).toBe('ready')
    expect(drive.wakeAt()).toBe(drive.at + 10_000)
  })

  it('LS11: of nothing waits for the end of the request, without looking in between', () => {
    const drive = new Drive([model('a', GIB, { ttl: 0 })], HOST)
    drive.want('a')
    const a = drive.instance('a')
    drive.input({ kind: 'ready', instance: a })
    expect(drive.phase('a')).toBe('ready')
    expect(drive.wakeAt()).toBeNull()
    expect([...drive.state.watched]).toEqual([a])
    drive.use(a, 0)
    drive.input({ kind: 'idle', instance: a })
    expect(drive.phase('a')).toBe('leaving')
  })

  it('does not run for what is pinned, and runs again after the pin', () => {
    const drive = new Drive([model('a', GIB, { ttl: 10_000 })], HOST)
    drive.load('a')
    const until = drive.at + 30_000
    drive.input({ kind: 'operator', command: { kind: 'pin', model: 'a', until } })
    drive.at = until - 1
    drive.input({ kind: 'woke' })
    expect(drive.phase('a')).toBe('ready')
    expect(drive.wakeAt()).toBe(until)
    drive.at = until
    drive.input({ kind: 'woke' })
    expect(drive.phase('a')).toBe('leaving')
  })
})

describe('a crash', () => {
  it('is followed by longer and longer pauses while somebody waits', () => {
    const drive = new Drive([model('a', GIB)], HOST)
    drive.want('a')
    const pauses = [1, 2, 3, 4].map(() => {
      drive.crash(drive.instance('a'))
      expect(drive.phase('a')).toBe('absent')
      const pause = (drive.wakeAt() ?? 0) - drive.at
      drive.at += pause
      drive.input({ kind: 'woke' })
      drive.present()
      expect(drive.phase('a')).toBe('starting')
      return pause
    })
    expect(pauses).toEqual([1000, 2000, 4000, 8000])
    expect(drive.state.waiters).toHaveLength(1)
  })

  it('ends in failed at the start limit, with the reason, and is tried again when the window has passed', () => {
    const drive = new Drive([model('a', GIB)], HOST)
    const request = drive.want('a')
    const firstFailure = drive.at
    for (let attempt = 1; attempt <= LIMITS.attempts; attempt += 1) {
      drive.crash(drive.instance('a'))
      drive.at = drive.wakeAt() ?? drive.at
      drive.input({ kind: 'woke' })
      drive.present()
    }
    expect(drive.count('started')).toBe(LIMITS.attempts)
    expect(drive.last('model_failed').evidence).toMatchObject({
      attempts: LIMITS.attempts,
      message: 'it ended',
      retryAt: firstFailure + LIMITS.window,
    })
    expect(drive.last('answered').evidence).toMatchObject({ request, code: 'model_failed' })

    drive.want('a')
    expect(drive.last('answered').evidence).toMatchObject({ code: 'model_failed' })
    drive.at = firstFailure + LIMITS.window
    drive.want('a')
    expect(drive.phase('a')).toBe('starting')
  })

  it('is not tried again before enough failures are out of the window', () => {
    const drive = new Drive([model('a', GIB)], HOST)
    drive.want('a')
    const failedAt: number[] = []
    while (drive.count('model_failed') === 0) {
      failedAt.push(drive.at)
      drive.crash(drive.instance('a'))
      drive.at = drive.wakeAt() ?? drive.at
      drive.input({ kind: 'woke' })
      drive.present()
    }
    // It is tried again when the first is out of the window, and fails again: the second has to be out for the next try.
    drive.at = (failedAt[0] ?? 0) + LIMITS.window
    drive.want('a')
    drive.crash(drive.instance('a'))
    expect(drive.last('model_failed').evidence).toMatchObject({
      attempts: LIMITS.attempts,
      retryAt: (failedAt[1] ?? 0) + LIMITS.window,
    })
  })

  it('counts for itself: weights that were not there are no failed start', () => {
    const drive = new Drive([model('a', GIB)], HOST)
    const status = {
      kind: 'failed',
      code: 'weights_missing',
      facts: { model: 'a', path: '/x' },
      message: 'not there',
    } as const
    for (let turn = 0; turn < 2 * LIMITS.attempts; turn += 1) {
      drive.at += 60_000
      drive.input({ kind: 'wanted', model: 'a', request: `w${turn}`, onCold: 'wait' })
      drive.input({ kind: 'weights', model: 'a', key: drive.key('a'), status })
    }
    drive.at += 60_000
    drive.want('a')
    drive.crash(drive.instance('a'))
    expect(drive.count('model_failed')).toBe(0)
    expect(drive.last('crashed').evidence).toMatchObject({ attempt: 1 })
  })

  it('of a launch that can only fail again is not repeated, until an operator says so', () => {
    const drive = new Drive([model('a', GIB)], HOST)
    drive.want('a')
    drive.crash(drive.instance('a'), 'bad_config')
    expect(drive.last('model_failed').evidence).toMatchObject({ class: 'bad_config', attempts: 1, retryAt: null })
    drive.at += 10 * LIMITS.window
    drive.want('a')
    expect(drive.last('answered').evidence).toMatchObject({ code: 'model_failed' })
    drive.input({ kind: 'operator', command: { kind: 'load', model: 'a', request: 'load-1' } })
    drive.present()
    expect(drive.phase('a')).toBe('starting')
  })

  it.each([
    ['a port', 'port_in_use', 3],
    ['a measurement', 'profiling_race', 1],
  ] as const)('over %s that another disturbed is repeated at once, and not for ever', (_what, failure, times) => {
    const drive = new Drive([model('a', GIB)], HOST)
    drive.want('a')
    for (let time = 0; time < times; time += 1) {
      drive.crash(drive.instance('a'), failure)
      expect(drive.phase('a')).toBe('starting')
    }
    drive.crash(drive.instance('a'), failure)
    expect(drive.phase('a')).toBe('absent')
    expect((drive.wakeAt() ?? 0) - drive.at).toBe(1000 * 2 ** times)
  })

  it('over memory that others hold waits for it, over memory that is never enough does not', () => {
    const drive = new Drive([model('a', GIB), model('b', GIB)], HOST)
    drive.want('a')
    drive.crash(drive.instance('a'), 'gpu_busy')
    expect(drive.last('crashed').evidence).toMatchObject({ class: 'gpu_busy', retryAt: drive.at + 1000 })
    drive.want('b')
    drive.crash(drive.instance('b'), 'kv_too_small')
    expect(drive.last('model_failed').evidence).toMatchObject({ class: 'kv_too_small', attempts: 1, retryAt: null })
  })

  it('of a kept model is followed by its restart, of another one by nothing', () => {
    const drive = new Drive([model('kept', GIB, { keep: 'always', ttl: null }), model('other', GIB)], HOST)
    drive.input({ kind: 'ready', instance: drive.instance('kept') })
    const other = drive.load('other')
    drive.crash(other)
    drive.crash(drive.instance('kept'))
    drive.at += 10_000
    drive.input({ kind: 'woke' })
    drive.present()
    expect([drive.phase('kept'), drive.phase('other')]).toEqual(['starting', 'absent'])
  })
})

describe('an unload', () => {
  it('refuses who waits for the load, and keeps a kept model away until it is wanted', () => {
    const drive = new Drive([model('a', GIB, { keep: 'always', ttl: null })], HOST)
    const request = drive.want('a')
    const instance = drive.instance('a')
    drive.input({ kind: 'operator', command: { kind: 'unload', model: 'a' } })
    expect(drive.of('answer')).toMatchObject([{ request, outcome: { code: 'unloaded' } }])
    drive.input({ kind: 'released', instance })
    drive.input({ kind: 'woke' })
    drive.present()
    expect(drive.phase('a')).toBe('absent')
    drive.want('a')
    expect(drive.phase('a')).toBe('starting')
  })
})

describe('an unload of what has yet to start', () => {
  it('LS4: ends the load though others leave for it already', () => {
    const drive = new Drive([model('a', 6 * GIB), model('b', 6 * GIB)], HOST)
    const a = drive.load('a')
    drive.at += 60_000
    const request = drive.want('b')
    expect([drive.phase('a'), drive.phase('b')]).toEqual(['leaving', 'absent'])
    drive.input({ kind: 'operator', command: { kind: 'unload', model: 'b' } })
    expect(drive.of('answer')).toMatchObject([{ request, outcome: { code: 'unloaded' } }])
    drive.input({ kind: 'released', instance: a })
    drive.at += 60_000
    drive.input({ kind: 'woke' })
    drive.present()
    expect([drive.count('started'), drive.phase('b')]).toEqual([1, 'absent'])
    // Nothing of it is left in the way of the next.
    drive.want('a')
    expect(drive.phase('a')).toBe('starting')
  })
})

describe('an unload of what already leaves', () => {
  it('refuses who waits to load it again', () => {
    const drive = new Drive([model('a', GIB, { ttl: 1000 })], HOST)
    const instance = drive.load('a')
    drive.at += 1000
    drive.input({ kind: 'woke' })
    expect(drive.phase('a')).toBe('leaving')
    const request = drive.want('a')
    drive.input({ kind: 'operator', command: { kind: 'unload', model: 'a' } })
    expect(drive.of('answer')).toMatchObject([{ request, outcome: { code: 'unloaded' } }])
    drive.input({ kind: 'released', instance })
    drive.present()
    expect(drive.phase('a')).toBe('absent')
  })
})

describe('a shutdown', () => {
  it('lets what runs and what loads finish, and refuses the rest', () => {
    const drive = new Drive(
      [model('busy', GIB), model('idle', GIB), model('loading', GIB), model('cold', 7 * GIB)],
      HOST,
    )
    const busy = drive.load('busy')
    drive.load('idle')
    drive.use(busy, 2)
    const onLoading = drive.want('loading')
    const onCold = drive.want('cold')
    drive.input({ kind: 'operator', command: { kind: 'shutdown', deadline: drive.at + 30_000 } })
    expect(drive.of('answer')).toMatchObject([{ request: onCold, outcome: { code: 'shutting_down' } }])
    expect(['busy', 'idle', 'loading'].map((name) => drive.phase(name))).toEqual(['ready', 'leaving', 'starting'])

    drive.input({ kind: 'ready', instance: drive.instance('loading') })
    expect(drive.of('answer')).toMatchObject([{ request: onLoading, outcome: { kind: 'ready' } }])
    expect(drive.phase('loading')).toBe('ready')

    drive.use(busy, 0)
    drive.input({ kind: 'idle', instance: busy })
    expect(drive.phase('busy')).toBe('leaving')
  })

  it('ends everything at the deadline, and a second one can bring that forward', () => {
    const drive = new Drive([model('busy', GIB), model('loading', GIB)], HOST)
    const busy = drive.load('busy')
    drive.use(busy, 2)
    const request = drive.want('loading')
    drive.input({ kind: 'operator', command: { kind: 'shutdown', deadline: drive.at + 30_000 } })
    drive.at += 1000
    drive.input({ kind: 'operator', command: { kind: 'shutdown', deadline: drive.at } })
    expect(drive.of('answer')).toMatchObject([{ request, outcome: { code: 'shutting_down' } }])
    expect(drive.of('stop').map((stop) => [stop.reason, stop.drain])).toEqual([
      ['shutdown', { kind: 'until', at: drive.at }],
      ['shutdown', { kind: 'until', at: drive.at }],
    ])
  })
})
