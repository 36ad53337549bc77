import { describe, expect, it } from 'vitest'
import { GIB } from '../../../src/core/index.ts'
import { manifestOf } from '../../fixtures/model-spec.ts'
import { Drive, gpuOf, hostOf, model, START } from './drive.ts'

/** A model with a smaller way to run it. */
function withSmaller(name: string, large: number, small: number, fields: Parameters<typeof model>[2] = {}) {
  const whole = model(name, large * GIB, fields)
  return { ...whole, variants: [{ ...whole, context: 2048, memory: { device: 0, host: small * GIB } }] }
}

describe('variants', () => {
  it('does not look at another way while the first one fits, nor when idle models would have to leave for it', () => {
    const drive = new Drive([withSmaller('a', 6, 2), model('b', 6 * GIB)], [hostOf(8 * GIB)])
    drive.load('b')
    drive.at += 60_000
    drive.want('a')
    expect(drive.last('planned').evidence).toMatchObject({ action: 'evict', candidates: [{ variant: 0 }] })
    expect(drive.records.filter(({ kind }) => kind === 'fetch')).toHaveLength(2)
  })

  it('takes the next way when the first would have to wait for somebody busy', () => {
    const drive = new Drive([withSmaller('a', 6, 2), model('b', 6 * GIB)], [hostOf(8 * GIB)])
    const busy = drive.load('b')
    drive.at += 60_000
    drive.use(busy, 1)
    drive.want('a')
    expect(drive.last('fetch').evidence).toEqual({ variant: 1 })
    expect(drive.last('started').evidence).toMatchObject({ variant: 1, claims: [{ device: 'host', bytes: 2 * GIB }] })
    expect(drive.last('planned').evidence).toMatchObject({
      chosen: 1,
      candidates: [
        { variant: 0, verdict: 'waits_for_idle' },
        { variant: 1, verdict: 'fits' },
      ],
    })
    expect(drive.phase('b')).toBe('ready')
  })

  it('takes the next way when the first can never fit, and refuses only when none can', () => {
    const drive = new Drive([withSmaller('a', 20, 2), withSmaller('b', 20, 12)], [hostOf(8 * GIB)])
    drive.want('a')
    expect(drive.last('started').evidence).toMatchObject({ variant: 1 })
    drive.want('b')
    expect(drive.last('answered').evidence).toMatchObject({
      outcome: 'refused',
      code: 'insufficient_host_memory',
      facts: { needed: 20 * GIB },
    })
  })

  it('another engine without a GPU stands in for one that this host cannot place', () => {
    const onGpu = model('a', 0, { gpus: { kind: 'any' }, memory: { device: 4 * GIB, host: 0 } })
    const onHost = { ...onGpu, gpus: { kind: 'none' } as const, memory: { device: 0, host: 4 * GIB } }
    const drive = new Drive([{ ...onGpu, variants: [onHost] }], [hostOf(8 * GIB)])
    drive.want('a')
    expect(drive.last('started').evidence).toMatchObject({ variant: 1 })
  })

  it('passes over a way that ran out of memory, until its window is over', () => {
    const drive = new Drive([withSmaller('a', 6, 2)], [hostOf(8 * GIB)])
    drive.want('a')
    const first = drive.instance('a')
    drive.input({
      kind: 'exited',
      instance: first,
      class: 'host_oom',
      detail: { message: 'killed', code: null, signal: 'SIGKILL', logTail: [] },
    })
    drive.input({ kind: 'released', instance: first })
    drive.at += 10_000
    drive.present(drive.input({ kind: 'woke' }))
    expect(drive.last('started').evidence).toMatchObject({ variant: 1 })
    drive.input({ kind: 'ready', instance: drive.instance('a') })
    drive.input({ kind: 'operator', command: { kind: 'unload', model: 'a' } })
    drive.input({ kind: 'released', instance: drive.instance('a') })
    drive.at += 700_000
    drive.want('a')
    expect(drive.last('started').evidence).toMatchObject({ variant: 0 })
  })

  it('goes on with the next way when one has no room for its context, and gives up when none has', () => {
    const drive = new Drive([withSmaller('a', 6, 2)], [hostOf(8 * GIB)])
    const request = drive.want('a')
    drive.crash(drive.instance('a'), 'kv_too_small')
    expect(drive.count('model_failed')).toBe(0)
    drive.at += 10_000
    drive.present(drive.input({ kind: 'woke' }))
    expect(drive.last('started').evidence).toMatchObject({ variant: 1 })
    drive.crash(drive.instance('a'), 'kv_too_small')
    expect(drive.last('model_failed').evidence).toMatchObject({ class: 'kv_too_small', retryAt: null })
    expect(drive.last('answered').evidence).toMatchObject({ request, code: 'model_failed' })
  })

  it('does not try another way where the flags are wrong', () => {
    const drive = new Drive([withSmaller('a', 6, 2)], [hostOf(8 * GIB)])
    drive.want('a')
    drive.crash(drive.instance('a'), 'bad_config')
    expect(drive.last('model_failed').evidence).toMatchObject({ class: 'bad_config', attempts: 1 })
  })

  it('goes on with the next way when the weights of one cannot be had', () => {
    const drive = new Drive([withSmaller('a', 6, 2)], [hostOf(8 * GIB)])
    drive.input({ kind: 'wanted', model: 'a', request: 'r', onCold: 'wait' })
    const status = {
      kind: 'failed',
      code: 'weights_missing',
      facts: { model: 'a', path: '/x' },
      message: 'no',
    } as const
    drive.present(drive.input({ kind: 'weights', model: 'a', key: drive.key('a'), status }))
    expect(drive.last('started').evidence).toMatchObject({ variant: 1 })
  })
})

describe('fallback', () => {
  const big = model('big', 20 * GIB, { fallback: 'small' })

  it('answers with the other model, which is loaded for it, and says so', () => {
    const drive = new Drive([big, model('small', GIB)], [hostOf(8 * GIB)])
    const request = drive.want('big')
    expect(drive.last('fell_back')).toMatchObject({
      model: 'big',
      evidence: { request, to: 'small', code: 'insufficient_host_memory' },
    })
    expect(drive.last('wanted')).toMatchObject({ model: 'small', cause: [drive.last('fell_back').seq] })
    drive.present()
    const instance = drive.instance('small')
    drive.input({ kind: 'ready', instance })
    expect(drive.of('answer')).toEqual([{ kind: 'answer', request, outcome: { kind: 'ready', instance } }])
  })

  it('is at hand at once when the other is ready', () => {
    const drive = new Drive([big, model('small', GIB)], [hostOf(8 * GIB)])
    const instance = drive.load('small')
    const request = drive.want('big')
    const answers = drive.all.filter(({ kind }) => kind === 'answer')
    expect(answers.at(-1)).toEqual({ kind: 'answer', request, outcome: { kind: 'ready', instance } })
  })

  it('goes down a chain, and ends with the refusal of its last', () => {
    const chain = [big, model('small', 18 * GIB, { fallback: 'tiny' }), model('tiny', 16 * GIB)]
    const drive = new Drive(chain, [hostOf(8 * GIB)])
    drive.want('big')
    drive.present()
    drive.present()
    expect(drive.records.filter(({ kind }) => kind === 'fell_back').map((each) => each.model)).toEqual(['big', 'small'])
    expect(drive.last('answered').evidence).toMatchObject({ outcome: 'refused', facts: { model: 'tiny' } })
  })

  it('is not for an operator who asks for this very model', () => {
    const drive = new Drive([big, model('small', GIB)], [hostOf(8 * GIB)])
    drive.present(drive.input({ kind: 'operator', command: { kind: 'load', model: 'big', request: 'load-1' } }))
    expect(drive.last('answered').evidence).toMatchObject({ request: 'load-1', code: 'insufficient_host_memory' })
  })

  it('stands in for a model that was given up', () => {
    const drive = new Drive([model('a', GIB, { fallback: 'small' }), model('small', GIB)], [hostOf(8 * GIB)])
    drive.want('a')
    drive.crash(drive.instance('a'), 'bad_config')
    expect(drive.phase('small')).toBe('starting')
    expect(drive.last('fell_back').evidence).toMatchObject({ code: 'model_failed' })
  })
})

describe('resources', () => {
  const manifest = (models: Parameters<typeof manifestOf>[0]) =>
    manifestOf(models, { memory: { reserve: 0, host: { share: 1 }, resources: { licence: 2 } } })
  const taking = (name: string, licence: number) => model(name, GIB, { resources: { licence } })

  it('are claimed like bytes: who does not fit beside another makes it leave', () => {
    const drive = new Drive(manifest([taking('a', 2), taking('b', 1)]), [hostOf(8 * GIB)])
    drive.load('a')
    drive.at += 60_000
    drive.want('b')
    expect(drive.last('stopping')).toMatchObject({ model: 'a', evidence: { reason: 'evicted_for' } })
  })

  it('are shared as far as they go', () => {
    const drive = new Drive(manifest([taking('a', 1), taking('b', 1)]), [hostOf(8 * GIB)])
    drive.load('a')
    drive.want('b')
    expect(drive.phase('b')).toBe('starting')
    expect(drive.last('started').evidence.claims).toContainEqual({
      device: 'resource:licence',
      bytes: 1,
      origin: 'declared',
    })
  })

  it('refuse who wants more than there are', () => {
    const drive = new Drive(manifest([taking('a', 3)]), [hostOf(8 * GIB)])
    drive.want('a')
    expect(drive.last('answered').evidence).toMatchObject({
      code: 'insufficient_resource',
      facts: { device: 'resource:licence', needed: 3, largest: 2 },
    })
  })
})

describe('minimum residency', () => {
  it('is what the manifest says, else what a load takes as learned', () => {
    const short = model('short', 6 * GIB, { minResidency: 100, command: ['short'] })
    const drive = new Drive([short, model('auto', 6 * GIB), model('c', 6 * GIB)], [hostOf(8 * GIB)])
    drive.load('short', 20_000)
    drive.at += 101
    drive.want('auto')
    expect(drive.last('stopping').model).toBe('short')
    drive.input({ kind: 'released', instance: drive.instance('short') })
    drive.present()
    drive.at += 20_000
    const auto = drive.instance('auto')
    drive.input({ kind: 'ready', instance: auto })
    drive.use(auto, 0)
    drive.at += 5000
    drive.want('c')
    expect(drive.last('planned').evidence.candidates[0]?.spared).toMatchObject([
      { model: 'auto', rule: 'minimum_residency', until: drive.at + 15_000 },
    ])
  })

  it('learns from every load, and moves slowly', () => {
    const drive = new Drive([model('a', GIB)], [hostOf(8 * GIB)])
    for (const took of [10_000, 20_000]) {
      drive.load('a', took)
      drive.input({ kind: 'operator', command: { kind: 'unload', model: 'a' } })
      drive.input({ kind: 'released', instance: drive.instance('a') })
    }
    expect(drive.state.learned.get(drive.key('a'))).toBe(13_000)
  })
})

describe('an operator', () => {
  it('restarts: the instance leaves, and who waits gets the new one', () => {
    const drive = new Drive([model('a', GIB)], [hostOf(8 * GIB)])
    const old = drive.load('a')
    drive.input({ kind: 'operator', command: { kind: 'restart', model: 'a', request: 'load-1' } })
    expect(drive.last('stopping').evidence).toMatchObject({ reason: 'operator' })
    const request = drive.want('a')
    drive.present(drive.input({ kind: 'released', instance: old }))
    const fresh = drive.instance('a')
    expect(fresh).not.toBe(old)
    drive.input({ kind: 'ready', instance: fresh })
    expect(drive.of('answer').map((effect) => effect.request)).toEqual(['load-1', request])
  })

  it('gives up what a stuck instance holds of one device', () => {
    const onBoth = model('a', 0, { gpus: { kind: 'any' }, memory: { device: 4 * GIB, host: GIB } })
    const drive = new Drive([onBoth], [hostOf(8 * GIB), gpuOf(0, 8 * GIB)])
    const stuck = drive.load('a')
    drive.input({ kind: 'operator', command: { kind: 'unload', model: 'a' } })
    const missing = [
      { device: 'GPU-0', bytes: 4 * GIB },
      { device: 'host', bytes: GIB },
    ]
    drive.input({ kind: 'stuck', instance: stuck, missing, why: 'not back' })
    drive.input({ kind: 'operator', command: { kind: 'clear', device: 'GPU-0' } })
    expect(drive.last('cleared').evidence.claims).toMatchObject([{ device: 'GPU-0', bytes: 4 * GIB }])
    expect(drive.state.instances.get(stuck)?.claims).toMatchObject([{ device: 'host' }])
    drive.input({ kind: 'operator', command: { kind: 'clear', device: 'host' } })
    expect(drive.state.instances.size).toBe(0)
    expect(drive.at).toBeGreaterThan(START)
  })
})
