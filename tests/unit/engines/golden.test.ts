import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { ADAPTERS } from '../../../engines/index.ts'
import type { ModelSpec } from '../../../src/core/index.ts'
import { adapterFor } from '../../../src/engine/index.ts'
import type { EnginePlan, PlanRequest } from '../../../src/engine/contract.ts'
import { planRequest } from './request.ts'

/*
 * One file per case: what goes in, and the plan that must come out. UPDATE_GOLDEN=1 writes the plans anew; the
 * difference is then for a person to read.
 */

const DIRECTORY = fileURLToPath(new URL('../../golden/engines', import.meta.url))

type Golden = { readonly why: string; readonly model: Partial<ModelSpec>; plan?: EnginePlan } & Partial<PlanRequest>

/** The program of each engine, as `locate` would have found it. */
const PROGRAMS: ReadonlyMap<string, string> = new Map([
  ['llama-server', '/opt/llama-server'],
  ['vllm', '/opt/vllm/bin/vllm'],
  ['tgi', '/opt/text-generation-launcher'],
])

function planOf({ model, why: _why, plan: _plan, ...rest }: Golden): EnginePlan {
  const { engine = 'llama-server' } = model
  const binary = rest.image ? '/usr/bin/docker' : (PROGRAMS.get(engine) ?? null)
  return adapterFor(ADAPTERS, engine).plan(planRequest(model, { ...rest, binary }))
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

test.each([
  ['llama-server', 6],
  ['vllm', 6],
  ['tgi', 6],
  ['command', 4],
])('there are cases for %s', (engine, count) => {
  const names = readdirSync(DIRECTORY).filter((name) => name.startsWith(engine))
  expect(names.length).toBeGreaterThanOrEqual(count)
})

describe.each(['llama-server', 'vllm'] as const)('the flags that %s says it sets', (engine) => {
  const argvs = readdirSync(DIRECTORY)
    .filter((name) => name.startsWith(engine))
    .map((name) => {
      const golden = JSON.parse(readFileSync(join(DIRECTORY, name), 'utf8')) as Golden
      // What `args` set is not the adapter's.
      return planOf({ ...golden, model: { ...golden.model, args: [] } }).argv
    })
  const used = new Set(argvs.flat().filter((argument) => argument.startsWith('-')))

  test('are those of the golden plans, all of them', () => {
    expect([...used].toSorted()).toEqual([...(adapterFor(ADAPTERS, engine).probe?.sets ?? [])].toSorted())
  })
})
