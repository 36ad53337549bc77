import { describe, expect, it } from 'vitest'
import type { ProbeReply, Processes } from '../../../src/core/index.ts'
import type { EnginePlan, Liveness } from '../../../src/engine/index.ts'
import { watchLiveness } from '../../../src/engine/liveness.ts'
import { VirtualClock } from './virtual.ts'

const WELL: ProbeReply = { kind: 'answer', status: 200, body: '' }
const DEAD: ProbeReply = { kind: 'answer', status: 503, body: '' }
const LIVENESS: Liveness = { path: '/health', status: 200, every: 1000, timeout: 500, failures: 3, besideWork: true }

/** `replies` by the number of the probe, the last one from then on; `busy` and `over` by milliseconds. */
function watch(replies: readonly ProbeReply[], { liveness = LIVENESS, busy = () => false, over }: WatchOptions = {}) {
  const clock = new VirtualClock()
  let probes = 0
  const processes = {
    probe: async (_address, _path, { timeout }) => {
      const reply = replies[Math.min(probes, replies.length - 1)] ?? WELL
      probes += 1
      await new Promise<void>((resolve) => clock.after(reply.kind === 'timeout' ? timeout : 1, resolve))
      return reply
    },
  } as Pick<Processes, 'probe'> as Processes
  const said = clock.until(
    watchLiveness({
      clock,
      processes,
      address: { kind: 'tcp', host: '127.0.0.1', port: 1 },
      key: 'key',
      plan: { liveness } as EnginePlan,
      isIdle: () => !busy(clock.elapsed()),
      over: new Promise<void>((resolve) => over !== undefined && clock.after(over, resolve)),
    }),
  )
  return { clock, said, probes: () => probes }
}

interface WatchOptions {
  readonly liveness?: Liveness | null
  readonly busy?: (at: number) => boolean
  readonly over?: number
}

describe('whether a ready engine lives', () => {
  it.each([
    [DEAD, '/health answered 503'],
    [{ kind: 'refused' }, 'it accepts no connection'],
    [{ kind: 'timeout' }, '/health did not answer within 0.5 s'],
    [{ kind: 'broken', why: 'reset' }, '/health broke off: reset'],
  ] as const)('ends with what it last said: %j', async (reply, message) => {
    const { said, probes } = watch([WELL, reply])
    expect(await said).toBe(message)
    expect(probes()).toBe(4)
  })

  it('counts only failures in a row', async () => {
    const { said, probes } = watch([DEAD, DEAD, WELL, DEAD, DEAD, WELL], { over: 60_500 })
    expect(await said).toBeNull()
    expect(probes()).toBe(60)
  })

  it('ends with its instance, in the middle of a pause', async () => {
    const { clock, said } = watch([WELL], { over: 1500 })
    expect(await said).toBeNull()
    expect(clock.elapsed()).toBe(1500)
  })

  it('ends with its instance, in the middle of a probe that hangs', async () => {
    const { clock, said } = watch([{ kind: 'timeout' }], { over: 1200 })
    expect(await said).toBeNull()
    expect(clock.elapsed()).toBe(1200)
  })

  it('asks nothing of an engine that only its exit tells of', async () => {
    const { said, probes } = watch([DEAD], { liveness: null, over: 10_000 })
    expect(await said).toBeNull()
    expect(probes()).toBe(0)
  })

  it('does not ask an engine with one thread while it works, and begins to count anew after', async () => {
    const liveness = { ...LIVENESS, besideWork: false }
    const { clock, said, probes } = watch([DEAD], { liveness, busy: (at) => at > 2500 && at < 9500 })
    expect(await said).toBe('/health answered 503')
    // Two before the work, three after it.
    expect(probes()).toBe(5)
    expect(clock.elapsed()).toBeGreaterThan(11_000)
  })
})
