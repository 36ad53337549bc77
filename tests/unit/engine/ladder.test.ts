import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

import { describe, expect, it } from 'vitest'
import type { EngineSignal, ProcessIdentity, Processes, ProcessRef, StopPlan } from '../../../src/core/index.ts'
import { takeDown } from '../../../src/engine/ladder.ts'
import { VirtualClock } from './virtual.ts'

const LEADER: ProcessRef = { pid: 100, startTime: '1' }
const CHILD: ProcessRef = { pid: 101, startTime: '2' }
const IDENTITY: ProcessIdentity = { nonce: 'n', bootId: 'b', leader: LEADER }
const STOP = { signal: 'SIGTERM', repeatAfter: 2000, grace: 4000 } as const

/** Processes that obey or do not: milliseconds from a signal to the end; null is deaf. */
interface Manners {
  readonly ref: ProcessRef
  readonly term: number | null
  readonly kill: number | null
}

function world(manners: readonly Manners[], blindFor = 0, lookTakes = 0, stop: StopPlan = STOP) {
  const clock = new VirtualClock()
  const alive = new Set(manners.map(({ ref }) => ref.pid))
  const sent: { readonly pid: number; readonly signal: EngineSignal; readonly at: number }[] = []
  const processes = {
    members: async () => {
      if (clock.elapsed() < blindFor) throw new Error('EMFILE')
      if (lookTakes > 0) await new Promise<void>((resolve) => clock.after(lookTakes, resolve))
      return { proven: manners.map(({ ref }) => ref).filter(({ pid }) => alive.has(pid)), unproven: 0 }
    },
    signal(ref: ProcessRef, signal: EngineSignal) {
      sent.push({ pid: ref.pid, signal, at: clock.elapsed() })
      const one = manners.find((each) => each.ref.pid === ref.pid)
      const takes = signal === stop.signal ? one?.term : signal === 'SIGKILL' ? one?.kill : null
      if (takes !== null && takes !== undefined) clock.after(takes, () => alive.delete(ref.pid))
      return alive.has(ref.pid)
    },
  } as Pick<Processes, 'members' | 'signal'> as Processes
  const climb = () => clock.until(takeDown({ clock, processes }, IDENTITY, stop, new Promise(() => {})))
  const signals = (pid: number) => sent.filter((each) => each.pid === pid).map(({ signal }) => signal)
  return { clock, sent, climb, signals }
}

describe('the stop ladder', () => {
  it('asks with TERM and CONT, and no more, where that is enough', async () => {
    const { climb, signals } = world([{ ref: LEADER, term: 100, kill: 1 }])
    expect(await climb()).toEqual({ signalled: 1, killed: false, survivors: [], unproven: 0 })
    expect(signals(LEADER.pid)).toEqual(['SIGTERM', 'SIGCONT'])
  })

  it('asks with the signal of the plan', async () => {
    const interrupt = { signal: 'SIGINT', repeatAfter: null, grace: 4000 } as const
    const { climb, signals } = world([{ ref: LEADER, term: 100, kill: 1 }], 0, 0, interrupt)
    expect(await climb()).toMatchObject({ killed: false, survivors: [] })
    expect(signals(LEADER.pid)).toEqual(['SIGINT', 'SIGCONT'])
  })

  it('leaves children to their leader while it lives', async () => {
    const { climb, signals } = world([
      { ref: LEADER, term: 100, kill: 1 },
      { ref: CHILD, term: 100, kill: 1 },
    ])
    await climb()
    expect(signals(CHILD.pid)).toEqual(['SIGTERM', 'SIGCONT'])
    expect(signals(LEADER.pid)[0]).toBe('SIGTERM')
  })

  it('asks again after a while, and ends what is deaf after the grace', async () => {
    const { climb, sent } = world([{ ref: LEADER, term: null, kill: 5 }])
    expect(await climb()).toMatchObject({ killed: true, survivors: [] })
    const times = (signal: EngineSignal) => sent.filter((each) => each.signal === signal).map(({ at }) => at)
    expect(times('SIGTERM')).toHaveLength(2)
    expect(times('SIGTERM')[1]).toBeGreaterThanOrEqual(STOP.repeatAfter)
    expect(times('SIGKILL')[0]).toBeGreaterThanOrEqual(STOP.grace)
  })

  it('counts the grace from TERM, however long the first look took', async () => {
    const { climb, sent } = world([{ ref: LEADER, term: null, kill: 1 }], 0, 1500)
    await climb()
    const at = (signal: EngineSignal) => sent.find((each) => each.signal === signal)?.at ?? Number.NaN
    expect(at('SIGKILL') - at('SIGTERM')).toBeGreaterThanOrEqual(STOP.grace)
  })

  it('gives orphans a grace of their own before KILL', async () => {
    const { climb, sent } = world([
      { ref: LEADER, term: 50, kill: 1 },
      { ref: CHILD, term: null, kill: 1 },
    ])
    await climb()
    const killed = sent.find(({ pid, signal }) => pid === CHILD.pid && signal === 'SIGKILL')
    const asked = sent.find(({ pid, signal }) => pid === CHILD.pid && signal === 'SIGTERM')
    expect((killed?.at ?? 0) - (asked?.at ?? 0)).toBeGreaterThanOrEqual(900)
    expect(killed?.at).toBeLessThan(STOP.grace)
  })

  it('reports what outlives KILL', async () => {
    const { climb, clock } = world([{ ref: LEADER, term: null, kill: null }])
    expect(await climb()).toMatchObject({ killed: true, survivors: [LEADER] })
    expect(clock.elapsed()).toBeLessThan(20_000)
  })

  it('does not take "cannot tell" for "gone"', async () => {
    const short = world([{ ref: LEADER, term: 100, kill: 1 }], 3000)
    expect(await short.climb()).toMatchObject({ signalled: 1, survivors: [] })
    const long = world([{ ref: LEADER, term: 100, kill: 1 }], 1_000_000)
    expect(await long.climb()).toMatchObject({ signalled: 0, survivors: [LEADER] })
  })

  it('has nothing to do where nothing lives', async () => {
    const { climb, sent } = world([])
    expect(await climb()).toEqual({ signalled: 0, killed: false, survivors: [], unproven: 0 })
    expect(sent).toEqual([])
  })

  it('leaves nothing of a launch in memory when it is over', async () => {
    const climbed = await (async () => {
      const scene = world([{ ref: LEADER, term: 100, kill: 1 }])
      await scene.climb()
      return new WeakRef(scene.clock)
    })()
    // In a turn of its own: what a turn has looked at is kept until its end.
    await new Promise(setImmediate)
    collectGarbage()
    expect(climbed.deref()).toBeUndefined()
  })
})

function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}
