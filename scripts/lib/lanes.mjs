// Runs test lanes one after the other and adds up what they counted.
import { spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ROOT, step } from './setup.mjs'

/**
 * Each lane: { name, paths, environment?, isolate? }; `isolate: false` shares loaded modules between test files, which
 * halves their time. Prints `N passed, N failed, N skipped` as the last line and returns the exit code. A lane that
 * ends in an error without a failed test, or that counts nothing, is a failure of its own.
 */
export function runLanes(lanes) {
  const directory = mkdtempSync(join(tmpdir(), 'enginehouse-lanes-'))
  const total = { passed: 0, failed: 0, skipped: 0 }
  const skips = []
  try {
    for (const lane of lanes) {
      step(lane.name)
      const counts = runLane(lane, join(directory, 'counts.json'))
      for (const key of Object.keys(total)) total[key] += counts[key]
      skips.push(...counts.skips)
    }
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
  for (const skip of skips) console.log(`skipped: ${skip}`)
  console.log(`${total.passed} passed, ${total.failed} failed, ${total.skipped} skipped`)
  return total.failed === 0 ? 0 : 1
}

function runLane({ name, paths, environment = {}, isolate = true }, file) {
  rmSync(file, { force: true })
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs')
  const { status } = spawnSync(process.execPath, [vitest, 'run', ...paths, ...(isolate ? [] : ['--no-isolate'])], {
    cwd: ROOT,
    stdio: 'inherit',
    env: { ...process.env, ...environment, ENGINEHOUSE_TEST_COUNTS: file },
  })
  const counts = readCounts(file)
  if (counts === null) {
    console.error(`The lane "${name}" ended (${status}) before it had counted its tests.`)
    return { passed: 0, failed: 1, skipped: 0, skips: [] }
  }
  if (counts.passed + counts.failed === 0 || (status !== 0 && counts.failed === 0)) counts.failed += 1
  return counts
}

function readCounts(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8'))
  } catch {
    return null
  }
}
