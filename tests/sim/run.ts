import { simulate } from './simulate.ts'

/**
 * node --import tsx tests/sim/run.ts FIRST COUNT [--trace | --until-violation]
 *
 * Runs seeds FIRST to FIRST+COUNT-1; prints one JSON line per seed with a violation and one with the totals.
 * Exit code 1 when there was any. With --trace, prints everything that happened.
 */
const [first = '1', count = '1', flag] = process.argv.slice(2)
const totals = {
  schedules: 0,
  failed: 0,
  events: 0,
  shortest: Number.POSITIVE_INFINITY,
  counts: {} as Record<string, number>,
}
for (let seed = Number(first); seed < Number(first) + Number(count); seed += 1) {
  const result = await simulate(seed, flag === '--trace' ? (line) => console.log(line) : undefined)
  totals.schedules += 1
  totals.events += result.events
  totals.shortest = Math.min(totals.shortest, result.virtualSpan)
  for (const [kind, number] of Object.entries(result.counts)) totals.counts[kind] = (totals.counts[kind] ?? 0) + number
  if (result.violations.length === 0) continue
  totals.failed += 1
  console.log(JSON.stringify({ seed, violations: result.violations }))
  if (flag === '--until-violation') break
}
console.log(JSON.stringify(totals))
process.exitCode = totals.failed > 0 ? 1 : 0
