import { writeFileSync } from 'node:fs'
import type { Reporter, TestModule } from 'vitest/node'

/** Leaves the counts of a run in the file that ENGINEHOUSE_TEST_COUNTS names; each skip with its name and reason. */
export class CountReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[]): void {
    const file = process.env.ENGINEHOUSE_TEST_COUNTS
    if (file === undefined) return
    const counts = { passed: 0, failed: 0, skipped: 0, skips: [] as string[] }
    for (const module of modules) {
      // A file that cannot be loaded has no tests to count, and is a failure all the same.
      if (module.state() === 'failed' && [...module.children.allTests('failed')].length === 0) counts.failed += 1
      for (const test of module.children.allTests()) {
        const result = test.result()
        if (result.state === 'passed') counts.passed += 1
        else if (result.state === 'failed') counts.failed += 1
        else {
          counts.skipped += 1
          const note = result.state === 'skipped' ? result.note : undefined
          counts.skips.push(`${test.fullName}${note ? ` (${note})` : ''}`)
        }
      }
    }
    writeFileSync(file, JSON.stringify(counts))
  }
}
