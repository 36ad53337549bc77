import { describe, expect, it } from 'vitest'
import type { Activity, EngineProcess, ProbeReply, Processes } from '../../../src/core/index.ts'
import type { EnginePlan } from '../../../src/engine/index.ts'
import { waitUntilReady } from '../../../src/engine/readiness.ts'
import { createPulse } from '../../../src/engine/wait.ts'
import { VirtualClock } from './virtual.ts'

const KEY = 'right'
const PROBE_TIMEOUT = 5000
/** Of an engine that reads weights from a slow disk. */
const BYTES_PER_MS = 20_000
const REFUSED: ProbeReply = { kind: 'refused' }
const SILENCE: ProbeReply = { kind: 'timeout' }
const answer = (status: number): ProbeReply => ({ kind: 'answer', status, body: '' })

interface Engine {
  /** By milliseconds since the start. */
  readonly health: (at: number, key: string | null) => ProbeReply
  readonly guarded?: (key: string | null, at: number) => ProbeReply
  readonly owner?: (at: number) => 'ours' | 'foreign' | 'nobody' | 'unknown'
  readonly activity?: (at: number) => number | null
  readonly lines?: readonly number[]
  readonly shortfall?: (answer: string) => string | null
  readonly facts?: ProbeReply
}

interface Given {
  readonly guarded?: string | null
  readonly says?: string
  readonly stall?: number
  readonly cap?: number
  /** When the start is over for another reason. */
  readonly over?: number
}

function start(engine: Engine, plan: Given = {}) {
  const clock = new VirtualClock()
  const output = createPulse()
  const listeners: ((line: string) => void)[] = []
  let probes = 0
  const seen: Activity[] = []
  const processes = {
    probe: async (_address, path, { key, timeout }) => {
      probes += 1
      await new Promise<void>((resolve) => clock.after(1, resolve))
      if (path === '/facts') return key === KEY ? (engine.facts ?? { ...answer(200), body: 'facts' }) : answer(401)
      const reply =
        path === '/guarded'
          ? (engine.guarded?.(key, clock.elapsed()) ?? answer(key === KEY ? 200 : 401))
          : engine.health(clock.elapsed(), key)
      if (reply.kind === 'timeout') await new Promise<void>((resolve) => clock.after(timeout - 1, resolve))
      return reply
    },
    ownerOf: async () => engine.owner?.(clock.elapsed()) ?? 'ours',
    activity: async () => {
      const read = engine.activity?.(clock.elapsed()) ?? null
      return read === null ? null : { resident: 1000, read }
    },
  } as Pick<Processes, 'probe' | 'ownerOf' | 'activity'> as Processes
  for (const at of engine.lines ?? []) {
    clock.after(at, () => {
      for (const listener of listeners) listener('a line')
      output.beat()
    })
  }
  const outcome = clock.until(
    waitUntilReady({
      clock,
      processes,
      process: {
        identity: { nonce: 'n', bootId: 'b', leader: null },
        onLine: (listener) => void listeners.push(listener),
      } as Pick<EngineProcess, 'identity' | 'onLine'> as EngineProcess,
      address: { kind: 'tcp', host: '127.0.0.1', port: 1 },
      key: KEY,
      plan: {
        readiness: {
          path: '/health',
          status: 200,
          timeout: PROBE_TIMEOUT,
          guarded: plan.guarded === undefined ? '/guarded' : plan.guarded,
          ...(plan.says === undefined ? {} : { says: { path: '/info', text: plan.says } }),
        },
        start: { stall: plan.stall ?? 10_000, cap: plan.cap ?? 100_000 },
      } as EnginePlan,
      output,
      over: new Promise<void>((resolve) => plan.over !== undefined && clock.after(plan.over, resolve)),
      onActivity: (activity) => void seen.push(activity),
      comparison: engine.shortfall === undefined ? null : { path: '/facts', shortfall: engine.shortfall },
    }),
  )
  return { clock, outcome, probes: () => probes, seen }
}

describe('readiness', () => {
  it.each<[string, Engine, string | null, string]>([
    ['health, our socket, our key', { health: () => answer(200) }, '/guarded', 'ready'],
    ['health that wants the key', { health: (_at, sent) => answer(sent === KEY ? 200 : 401) }, '/guarded', 'ready'],
    ['no guarded route, but our socket', { health: () => answer(200) }, null, 'ready'],
    [
      'LS8: a foreign process behind a healthy answer',
      { health: () => answer(200), owner: () => 'foreign' },
      '/guarded',
      'wrong_identity',
    ],
    ['any key is taken', { health: () => answer(200), guarded: () => answer(200) }, '/guarded', 'wrong_identity'],
    ['its own key is refused', { health: () => answer(200), guarded: () => answer(401) }, '/guarded', 'wrong_identity'],
    ['no owner to be told, but a key', { health: () => answer(200), owner: () => 'unknown' }, '/guarded', 'ready'],
    [
      'neither an owner to be told nor a key',
      { health: () => answer(200), owner: () => 'unknown' },
      null,
      'wrong_identity',
    ],
    ['a 503 for ever', { health: () => answer(503) }, '/guarded', 'stalled'],
    ['LS7: accepted and never answered', { health: () => SILENCE }, '/guarded', 'stalled'],
    ['refused for ever', { health: () => REFUSED }, '/guarded', 'stalled'],
  ])('%s', async (_what, engine, guarded, expected) => {
    const outcome = await start(engine, { guarded }).outcome
    expect(outcome.kind === 'gave_up' ? outcome.class : outcome.kind).toBe(expected)
  })

  it.each([
    ['the text of this launch alone', '"/weights-1"', 'ready'],
    ['the text of another', '"/weights-2"', 'wrong_identity'],
  ])('where processes cannot be looked into, takes the answer for a proof: %s', async (_what, says, expected) => {
    const said: ProbeReply = { kind: 'answer', status: 200, body: '{"model_id":"/weights-1"}' }
    const outcome = await start({ health: () => said, owner: () => 'foreign' }, { guarded: null, says }).outcome
    expect(outcome.kind === 'gave_up' ? outcome.class : outcome.kind).toBe(expected)
  })

  it.each<[string, Partial<Engine>, object]>([
    ['nothing less', { shortfall: () => null }, { kind: 'ready' }],
    [
      'less',
      { shortfall: (said) => `has less (${said})` },
      { kind: 'gave_up', class: 'less_than_asked', message: 'it has less (facts)' },
    ],
    ['nothing, by a status', { shortfall: () => 'is less', facts: answer(404) }, { kind: 'ready' }],
    ['nothing at all', { shortfall: () => 'is less', facts: { kind: 'timeout' } }, { kind: 'ready' }],
  ])('asks what it came to, which is %s', async (_what, engine, expected) => {
    expect(await start({ health: () => answer(200), ...engine }).outcome).toEqual(expected)
  })

  it('shows the key to nobody but a process that is proven ours', async () => {
    const shown: (string | null)[] = []
    const engine: Engine = {
      health: (_at, key) => {
        shown.push(key)
        return answer(401)
      },
      owner: () => 'foreign',
    }
    expect(await start(engine).outcome).toMatchObject({ kind: 'gave_up' })
    expect(new Set(shown)).toEqual(new Set([null]))
  })

  it('waits for a socket that nobody owns yet, and for a guard that does not answer yet', async () => {
    const engine: Engine = {
      health: () => answer(200),
      owner: (at) => (at < 300 ? 'nobody' : 'ours'),
      guarded: (key, at) => (at < 600 ? REFUSED : answer(key === KEY ? 200 : 401)),
    }
    const { outcome, clock } = start(engine)
    expect(await outcome).toEqual({ kind: 'ready' })
    expect(clock.elapsed()).toBeGreaterThanOrEqual(600)
  })

  it('adds no more than a probe interval to a start of any length', async () => {
    for (const readyAt of [5, 40, 333, 1000, 3000]) {
      const { outcome, clock } = start({ health: (at) => (at >= readyAt ? answer(200) : REFUSED) })
      await outcome
      expect(clock.elapsed() - readyAt).toBeLessThan(260)
    }
  })

  it('looks at once when the engine says something', async () => {
    const { outcome, clock } = start({ health: (at) => (at >= 3000 ? answer(200) : answer(503)), lines: [3000] })
    expect(await outcome).toEqual({ kind: 'ready' })
    expect(clock.elapsed() - 3000).toBeLessThan(10)
  })

  it('looks often again after a line, as some speak before they listen', async () => {
    const { outcome, clock } = start({ health: (at) => (at >= 3050 ? answer(200) : REFUSED), lines: [3000] })
    expect(await outcome).toEqual({ kind: 'ready' })
    expect(clock.elapsed() - 3050).toBeLessThan(25)
  })

  it.each<[string, Engine]>([
    ['health', { health: () => SILENCE }],
    ['the guarded route', { health: () => answer(200), guarded: () => SILENCE }],
  ])('ends with its instance at once, also while %s hangs', async (_what, engine) => {
    const { outcome, clock } = start(engine, { over: 1234 })
    expect(await outcome).toEqual({ kind: 'aborted' })
    expect(clock.elapsed()).toBe(1234)
  })

  it('is not given up while lines or bytes move, until the cap', async () => {
    const moving: Engine = { health: () => REFUSED, activity: (at) => at * BYTES_PER_MS }
    const { outcome, clock, seen } = start(moving, { stall: 3000, cap: 20_000 })
    expect(await outcome).toMatchObject({
      kind: 'gave_up',
      class: 'stalled',
      message: expect.stringContaining('not ready after 20'),
    })
    expect(clock.elapsed()).toBeGreaterThanOrEqual(20_000)
    expect(seen.length).toBeGreaterThan(30)
    expect(seen.map(({ read }) => read)).toEqual(seen.map(({ read }) => read).toSorted((one, other) => one - other))

    const talking: Engine = { health: () => REFUSED, lines: [2000, 4000, 6000] }
    const second = start(talking, { stall: 3000, cap: 20_000 })
    expect(await second.outcome).toMatchObject({
      kind: 'gave_up',
      message: expect.stringContaining('nothing moved for 3'),
    })
    expect(second.clock.elapsed()).toBeGreaterThanOrEqual(9000)
    expect(second.clock.elapsed()).toBeLessThan(10_000)
  })

  it('does not take what answering its own probes costs the engine for progress', async () => {
    let answered = 0
    const engine: Engine = { health: () => ((answered += 1), answer(503)), activity: () => answered * 20_000 }
    const { outcome, clock } = start(engine, { stall: 3000, cap: 60_000 })
    expect(await outcome).toMatchObject({ message: expect.stringContaining('nothing moved for 3') })
    expect(clock.elapsed()).toBeLessThan(4000)
  })

  it.each<[string, Engine, { stall: number; cap: number }, number]>([
    ['a stall that is shorter than a probe may take', { health: () => SILENCE }, { stall: 2000, cap: 20_000 }, 2000],
    [
      'a cap that is',
      { health: () => SILENCE, activity: (at) => at * BYTES_PER_MS },
      { stall: 10_000, cap: 3000 },
      3000,
    ],
    [
      'an engine that answers and falls silent in turn',
      { health: (at) => (at % 1000 < 500 ? answer(503) : SILENCE) },
      { stall: 6000, cap: 60_000 },
      6000,
    ],
    ['a guard that hangs', { health: () => answer(200), guarded: () => SILENCE }, { stall: 2000, cap: 9000 }, 2000],
  ])('is not held up beyond its limits by %s', async (_what, engine, limits, most) => {
    const { outcome, clock } = start(engine, limits)
    expect(await outcome).toMatchObject({ kind: 'gave_up', class: 'stalled' })
    expect(clock.elapsed()).toBeLessThanOrEqual(most + 1100)
  })
})
