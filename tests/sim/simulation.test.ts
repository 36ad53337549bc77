import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { LEAST_FAULTS, LEAST_INPUTS, makeScenario, VIRTUAL_SPAN } from './scenario.ts'
import { simulate } from './simulate.ts'
import { createRandom } from './time.ts'

const RUN = fileURLToPath(new URL('run.ts', import.meta.url))
/** `npm run check` runs a tenth of what `npm test` does. */
const SCHEDULES = Number(process.env.ENGINEHOUSE_SIM_SCHEDULES ?? 2000)
const WORKERS = 2

interface Totals {
  readonly schedules: number
  readonly failed: number
  readonly shortest: number
  readonly counts: Readonly<Record<string, number>>
}

describe('the simulation', () => {
  it(`finds no violation in ${SCHEDULES} schedules`, { timeout: 900_000 }, async () => {
    const share = Math.ceil(SCHEDULES / WORKERS)
    const results = await Promise.all(Array.from({ length: WORKERS }, (_, worker) => run(1 + worker * share, share)))
    expect(results.flatMap((result) => result.failures)).toEqual([])
    const schedules = results.reduce((sum, result) => sum + result.totals.schedules, 0)
    expect(schedules).toBeGreaterThanOrEqual(SCHEDULES)
    for (const { totals } of results) {
      expect(totals.shortest).toBeGreaterThanOrEqual(VIRTUAL_SPAN)
      // A simulation in which something never happens proves nothing about it.
      for (const kind of [
        'ready',
        'crashed',
        'model_failed',
        'stuck',
        'leftover',
        'gave_up',
        'released',
        'stopped',
        'manifest',
        'fell_back',
      ]) {
        expect(totals.counts[kind] ?? 0, `${kind} happened`).toBeGreaterThan(0)
      }
    }
  })

  it('gives one trace for one seed', async () => {
    for (const seed of [3, 77, 1234]) {
      const [first, second] = [await simulate(seed), await simulate(seed)]
      expect(second).toEqual(first)
      expect((await simulate(seed + 1)).trace).not.toBe(first.trace)
    }
  })

  it('makes every schedule as long and as rough as promised', () => {
    for (let seed = 1; seed <= 300; seed += 1) {
      const scenario = makeScenario(createRandom(seed).fork(1))
      const faults = scenario.events.filter(({ event }) => !['request', 'operator'].includes(event.kind)).length
      const inputs = scenario.events.length - faults
      expect(scenario.manifest.models.size).toBeGreaterThanOrEqual(3)
      expect(inputs).toBeGreaterThanOrEqual(LEAST_INPUTS)
      expect(faults + scenario.launchFaults.size).toBeGreaterThanOrEqual(LEAST_FAULTS)
    }
  })
})

function run(first: number, count: number): Promise<{ failures: string[]; totals: Totals }> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      ['--import', 'tsx', RUN, String(first), String(count)],
      { maxBuffer: 64 * 1024 * 1024 },
      (error, stdout, stderr) => {
        if (error && error.code !== 1) return reject(new Error(stderr, { cause: error }))
        const lines = stdout.trim().split('\n')
        const last = lines.pop()
        if (last === undefined) return reject(new Error('the simulation printed nothing'))
        resolve({ failures: lines, totals: JSON.parse(last) as Totals })
      },
    )
  })
}
