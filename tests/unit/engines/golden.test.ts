import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { ADAPTERS } from '../../../engines/index.ts'
import type { ModelSpec } from '../../../src/core/index.ts'
import { adapterFor, type EngineAdapter } from '../../../src/engine/index.ts'
import type { EnginePlan, PlanRequest } from '../../../src/engine/contract.ts'
import { flagsOf } from '../../../src/engine/flags.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { planRequest } from './request.ts'

/*
 * One file per case: what goes in, and the plan that must come out. UPDATE_GOLDEN=1 writes the plans anew; the
 * difference is then for a person to read.
 */

const DIRECTORY = fileURLToPath(new URL('../../golden/engines', import.meta.url))

type Golden = { readonly why: string; readonly model: Partial<ModelSpec>; plan?: EnginePlan } & Partial<PlanRequest>

/** As `locate` would have found it. */
function programOf({ name, program }: EngineAdapter): string | null {
  return program === 'of_manifest' ? null : `/opt/${name}`
}

function planOf({ model, why: _why, plan: _plan, ...rest }: Golden): EnginePlan {
  const { engine = 'llama-server' } = model
  const adapter = adapterFor(ADAPTERS, engine)
  const binary = rest.image ? '/usr/bin/docker' : programOf(adapter)
  return adapter.plan(planRequest(model, { ...rest, binary }))
}

describe('a model and its placement give one argv', () => {
  for (const name of readdirSync(DIRECTORY)) {
    const path = join(DIRECTORY, name)
    const golden = JSON.parse(readFileSync(path, 'utf8')) as Golden
    test(name, async () => {
      const plan = planOf(golden)
      if (process.env['UPDATE_GOLDEN'] === undefined) expect(plan).toEqual(golden.plan)
      else await expect(`${JSON.stringify({ ...golden, plan }, null, 2)}\n`).toMatchFileSnapshot(path)
    })
  }
})

test.each(ADAPTERS)('there are cases for $name', ({ name: engine }) => {
  const names = readdirSync(DIRECTORY).filter((name) => name.startsWith(`${engine}-`))
  expect(names.length).toBeGreaterThanOrEqual(6)
})

const ASKED = ADAPTERS.filter(({ probe }) => probe !== undefined)

describe.each(ASKED)('the flags that $name says it sets', ({ name: engine, probe }) => {
  const argvs = readdirSync(DIRECTORY)
    .filter((name) => name.startsWith(`${engine}-`))
    .map((name) => {
      const golden = JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')) as Golden
      const { argv } = planOf(golden)
      // What `args` set is not the adapter's; it comes last.
      return argv.slice(0, argv.length - flagsOf(modelSpec(golden.model), new Map()).length)
    })
  const used = new Set(argvs.flat().filter((argument) => /^--?[a-z]/.test(argument)))

  test('are those of the golden plans, all of them', () => {
    expect([...used].toSorted()).toEqual([...(probe?.sets ?? [])].toSorted())
  })
})
