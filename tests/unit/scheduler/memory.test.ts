import { describe, expect, it } from 'vitest'
import { GIB } from '../../../src/core/index.ts'
import { STALENESS_LIMIT } from '../../../src/scheduler/index.ts'
import { Drive, gpuOf, hostOf, model } from './drive.ts'

describe('memory', () => {
  it('is left alone where two models fit together', () => {
    const drive = new Drive([model('a', 3 * GIB), model('b', 3 * GIB)], [hostOf(8 * GIB)])
    drive.load('a')
    drive.load('b')
    expect([drive.phase('a'), drive.phase('b')]).toEqual(['ready', 'ready'])
    expect(drive.count('stopping')).toBe(0)
  })

  it('is made free by evicting who is idle, and says with which bytes', () => {
    const drive = new Drive([model('a', 6 * GIB), model('b', 5 * GIB)], [hostOf(8 * GIB)])
    const a = drive.load('a')
    drive.at += 5000
    drive.want('b')
    expect(drive.phase('b')).toBe('absent')
    expect(drive.last('stopping').evidence).toMatchObject({
      reason: 'evicted_for',
      why: { rule: 'eviction', for: 'b', bytes: 6 * GIB, idleFor: 5000, starved: false },
    })
    const [candidate] = drive.last('planned').evidence.candidates
    expect(candidate?.devices).toMatchObject([{ needed: 5 * GIB, free: 2 * GIB, claimed: 6 * GIB, total: 8 * GIB }])

    drive.input({ kind: 'released', instance: a })
    expect(drive.of('start')).toMatchObject([{ launch: { model: 'b', claims: [{ device: 'host', bytes: 5 * GIB }] } }])
  })

  it('stays claimed until it is proven back', () => {
    const drive = new Drive([model('a', 6 * GIB), model('b', 5 * GIB)], [hostOf(8 * GIB)])
    const a = drive.load('a')
    drive.at += 5000
    drive.want('b')
    drive.input({ kind: 'woke' })
    expect(drive.of('start')).toEqual([])
    drive.input({ kind: 'released', instance: a })
    expect(drive.of('start')).toHaveLength(1)
  })

  it('is refused at once with the numbers, and evicts nobody, where nothing could make room', () => {
    const drive = new Drive([model('a', 3 * GIB), model('huge', 9 * GIB)], [hostOf(8 * GIB)])
    drive.load('a')
    drive.at += 5000
    const request = drive.want('huge')
    expect(drive.of('answer')).toEqual([
      {
        kind: 'answer',
        request,
        outcome: {
          kind: 'refused',
          code: 'insufficient_host_memory',
          facts: { model: 'huge', device: 'host', needed: 9 * GIB, largest: 8 * GIB },
        },
      },
    ])
    expect(drive.phase('a')).toBe('ready')
  })

  it('asks to be woken again when the timer fires a moment before its time', () => {
    const drive = new Drive([model('a', 6 * GIB, { minResidency: 1000 }), model('b', 5 * GIB)], [hostOf(8 * GIB)])
    drive.load('a')
    drive.want('b')
    const due = drive.wakeAt() ?? 0
    expect(due).toBe(drive.at + 1000)
    drive.at = due - 1
    drive.input({ kind: 'woke' })
    expect(drive.of('wake_at')).toEqual([{ kind: 'wake_at', at: due }])
    drive.at = due
    drive.input({ kind: 'woke' })
    expect(drive.of('stop')).toHaveLength(1)
  })

  it('counts what is kept as not to be had', () => {
    const drive = new Drive(
      [model('a', 3 * GIB, { keep: 'always', ttl: null }), model('b', 6 * GIB)],
      [hostOf(8 * GIB)],
    )
    drive.input({ kind: 'woke' })
    drive.present()
    drive.input({ kind: 'ready', instance: drive.instance('a') })
    drive.want('b')
    expect(drive.of('answer')).toMatchObject([
      { outcome: { code: 'insufficient_host_memory', facts: { largest: 5 * GIB } } },
    ])
    expect(drive.phase('a')).toBe('ready')
  })

  it('takes the worse of what was claimed and what is measured', () => {
    const drive = new Drive([model('a', 3 * GIB)], [hostOf(8 * GIB, 2 * GIB)])
    drive.want('a')
    expect(drive.of('answer')).toMatchObject([
      { outcome: { code: 'insufficient_host_memory', facts: { largest: 2 * GIB } } },
    ])
  })

  it('counts a loading engine in full before the device shows it', () => {
    const drive = new Drive([model('a', 3 * GIB), model('b', 3 * GIB)], [hostOf(8 * GIB, 5 * GIB)])
    drive.want('a')
    drive.want('b')
    expect(drive.phase('a')).toBe('starting')
    expect(drive.phase('b')).toBe('absent')
    expect(drive.last('planned').evidence).toMatchObject({
      action: 'wait',
      candidates: [{ devices: [{ free: 2 * GIB }] }],
    })
  })

  it('counts an engine that failed while it loaded in full until it is gone: it may still be taking its memory', () => {
    const drive = new Drive([model('a', 3 * GIB), model('b', 3 * GIB)], [hostOf(8 * GIB, 5 * GIB)])
    drive.want('a')
    const detail = { message: 'it stalled', code: null, signal: null, logTail: [] }
    drive.input({ kind: 'exited', instance: drive.instance('a'), class: 'stalled', detail })
    drive.want('b')
    expect(drive.phase('b')).toBe('absent')
    expect(drive.last('planned').evidence).toMatchObject({
      action: 'wait',
      candidates: [{ devices: [{ free: 2 * GIB }] }],
    })
  })

  it('keeps a new resident for as long as its load took', () => {
    const drive = new Drive([model('a', 6 * GIB), model('b', 6 * GIB)], [hostOf(8 * GIB)])
    drive.load('a', 4000)
    drive.want('b')
    expect(drive.phase('a')).toBe('ready')
    expect(drive.wakeAt()).toBe(drive.at + 4000)
    drive.at += 4000
    drive.input({ kind: 'woke' })
    expect(drive.phase('a')).toBe('leaving')
  })

  it('waits for a busy resident to become idle, and watches it', () => {
    const drive = new Drive([model('a', 6 * GIB), model('b', 6 * GIB)], [hostOf(8 * GIB)])
    const a = drive.load('a')
    drive.at += 5000
    drive.use(a, 1)
    drive.want('b')
    expect(drive.phase('a')).toBe('ready')
    expect([...drive.state.watched]).toEqual([a])
    drive.use(a, 0)
    drive.input({ kind: 'idle', instance: a })
    expect(drive.phase('a')).toBe('leaving')
  })

  it('does not let a busy resident starve a load for ever', () => {
    const drive = new Drive([model('a', 6 * GIB), model('b', 6 * GIB)], [hostOf(8 * GIB)])
    const a = drive.load('a')
    drive.at += 5000
    drive.use(a, 3)
    drive.want('b')
    expect(drive.wakeAt()).toBe(drive.at + STALENESS_LIMIT)
    drive.at += STALENESS_LIMIT
    drive.input({ kind: 'woke' })
    expect(drive.last('stopping').evidence).toMatchObject({ why: { rule: 'eviction', starved: true }, leases: 3 })
    expect(drive.of('stop')).toMatchObject([{ instance: a, drain: { kind: 'finish' } }])
  })

  it('is promised to who waits longer before a later and smaller one may take it', () => {
    const drive = new Drive([model('a', 6 * GIB), model('b', 7 * GIB), model('c', 2 * GIB)], [hostOf(8 * GIB)])
    const a = drive.load('a')
    drive.at += 5000
    drive.use(a, 1)
    drive.want('b')
    drive.want('c')
    expect(drive.phase('c')).toBe('absent')
    expect(drive.last('planned')).toMatchObject({
      model: 'c',
      evidence: { candidates: [{ devices: [{ promised: 7 * GIB }] }] },
    })
  })

  it('goes to the higher priority first', () => {
    const drive = new Drive(
      [model('a', 6 * GIB), model('low', 6 * GIB, { priority: 'low' }), model('high', 6 * GIB, { priority: 'high' })],
      [hostOf(8 * GIB)],
    )
    const a = drive.load('a')
    drive.at += 5000
    drive.use(a, 1)
    drive.want('low')
    drive.want('high')
    drive.use(a, 0)
    drive.input({ kind: 'idle', instance: a })
    drive.input({ kind: 'released', instance: a })
    expect(drive.of('start')).toMatchObject([{ launch: { model: 'high' } }])
  })

  it('is not given back by what is stuck', () => {
    const drive = new Drive([model('a', 6 * GIB, { ttl: 0 }), model('b', 6 * GIB)], [hostOf(8 * GIB)])
    const a = drive.load('a')
    drive.input({ kind: 'woke' })
    drive.input({ kind: 'stuck', instance: a, missing: [{ device: 'host', bytes: 6 * GIB }], why: 'it did not end' })
    drive.want('b')
    expect(drive.of('answer')).toMatchObject([
      { outcome: { code: 'insufficient_host_memory', facts: { largest: 2 * GIB } } },
    ])
  })
})

describe('eviction', () => {
  it('takes the cheapest set that is enough, and spares the rest by name of the rule', () => {
    const models = [
      model('low', 2 * GIB, { priority: 'low' }),
      model('slow', 3 * GIB, { command: ['slow'] }),
      model('quick', 3 * GIB, { command: ['quick'] }),
      model('busy', 1 * GIB),
      model('wanted', 4 * GIB),
    ]
    const drive = new Drive(models, [hostOf(9 * GIB)])
    drive.load('low', 500)
    drive.load('slow', 9000)
    drive.load('quick', 500)
    const busy = drive.load('busy', 500)
    drive.at += 20_000
    drive.use(busy, 1)
    drive.want('wanted')
    const chosen = drive.last('planned').evidence.candidates[0]
    expect(chosen?.evict.map((each) => each.model)).toEqual(['low', 'quick'])
    expect(chosen?.spared).toMatchObject([
      { model: 'slow', rule: 'not_needed' },
      { model: 'busy', rule: 'busy' },
    ])
  })

  it('prefers a placement that fits to one that would cost somebody', () => {
    const gpu = (name: string) => model(name, 0, { gpus: { kind: 'any' }, memory: { device: 10 * GIB, host: 0 } })
    const drive = new Drive([gpu('a'), gpu('b')], [hostOf(8 * GIB), gpuOf(0, 16 * GIB), gpuOf(1, 16 * GIB)])
    drive.load('a')
    drive.at += 5000
    drive.want('b')
    expect(drive.of('start')).toMatchObject([{ launch: { claims: [{ device: 'GPU-1', bytes: 10 * GIB }] } }])
  })

  it('plans a placement over two devices whole', () => {
    const drive = new Drive(
      [
        model('a', 0, { gpus: { kind: 'list', gpus: [1] }, memory: { device: 10 * GIB, host: 0 } }),
        model('wide', 0, { gpus: { kind: 'count', count: 2 }, memory: { device: 'all', host: GIB } }),
      ],
      [hostOf(8 * GIB), gpuOf(0, 16 * GIB), gpuOf(1, 24 * GIB, 2 * GIB)],
    )
    const a = drive.load('a')
    drive.at += 5000
    drive.want('wide')
    drive.input({ kind: 'released', instance: a })
    expect(drive.of('start')[0]?.launch.claims.map(({ device, bytes }) => [device, bytes / GIB])).toEqual([
      ['GPU-0', 15],
      ['GPU-1', 22],
      ['host', 1],
    ])
  })

  it('says which GPU is not there', () => {
    const drive = new Drive(
      [model('a', 0, { gpus: { kind: 'list', gpus: [3] }, memory: { device: GIB, host: 0 } })],
      [hostOf(8 * GIB), gpuOf(0, 16 * GIB)],
    )
    drive.want('a')
    expect(drive.of('answer')).toMatchObject([
      { outcome: { code: 'no_such_device', facts: { wanted: 'GPU 3', there: ['GPU 0'] } } },
    ])
  })
})
