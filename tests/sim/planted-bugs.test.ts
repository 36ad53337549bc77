import { execFile } from 'node:child_process'
import { cp, mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { PLANTED_BUGS, type PlantedBug } from './planted-bugs.ts'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
/** Inside the tree, so that packages resolve; ignored by git. */
const COPIES = join(ROOT, '.cache', 'planted')
/** Each bug must show within these. */
const SEEDS = 250

describe('the simulation finds', () => {
  it.each(PLANTED_BUGS.map((bug, index) => ({ bug, index })))(
    '$bug.name',
    { timeout: 180_000 },
    async ({ bug, index }) => {
      const copy = join(COPIES, String(index))
      try {
        await plant(copy, bug)
        const broken = await brokenInvariants(copy)
        expect(
          broken.filter((id) => bug.breaks.includes(id)),
          `broken: ${broken.join(', ') || 'none'}`,
        ).not.toEqual([])
      } finally {
        await rm(copy, { recursive: true, force: true })
      }
    },
  )
})

async function plant(copy: string, bug: PlantedBug): Promise<void> {
  await rm(copy, { recursive: true, force: true })
  await mkdir(copy, { recursive: true })
  for (const part of [
    'src/core',
    'src/lib',
    'src/engine',
    'src/manifest',
    'src/scheduler',
    'src/supervisor',
    'tests/sim',
    'tests/fixtures/model-spec.ts',
    'package.json',
    'tsconfig.json',
  ]) {
    await cp(join(ROOT, part), join(copy, part), { recursive: true })
  }
  const file = join(copy, bug.file)
  const text = await readFile(file, 'utf8')
  expect(text.split(bug.find), `${bug.file} no longer has the line that this bug changes, exactly once`).toHaveLength(2)
  await writeFile(
    file,
    text.replace(bug.find, () => bug.replace),
  )
}

/** Ids of the invariants that the run reported as broken. */
function brokenInvariants(copy: string): Promise<string[]> {
  const args = ['--import', 'tsx', join(copy, 'tests/sim/run.ts'), '1', String(SEEDS), '--until-violation']
  return new Promise((resolve, reject) => {
    execFile(process.execPath, args, { cwd: copy, maxBuffer: 64 * 1024 * 1024 }, (error, stdout, stderr) => {
      if (error && error.code !== 1) return reject(error)
      // A copy that does not even run has found nothing.
      if (!stdout.includes('{"')) return reject(new Error(stderr))
      const ids = stdout.split('\n').flatMap((line) => (line.startsWith('{"seed"') ? idsOf(line) : []))
      resolve([...new Set(ids)])
    })
  })
}

function idsOf(line: string): string[] {
  const { violations } = JSON.parse(line) as { violations: string[] }
  return violations.map((violation) => violation.split(':', 1)[0] ?? '')
}
