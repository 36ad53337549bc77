import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, test } from 'vitest'

import { commandEngine } from '../../../engines/command/adapter.ts'
import { llamaServer } from '../../../engines/llama-server/adapter.ts'
import type { ModelSpec } from '../../../src/core/index.ts'
import type { EnginePlan, PlanRequest } from '../../../src/engine/contract.ts'
import { planRequest } from './request.ts'

/*
 * One file per case: what goes in, and the plan that must come out. UPDATE_GOLDEN=1 writes the plans anew; the
 * difference is then for a person to read.
 */

const DIRECTORY = fileURLToPath(new URL('../../golden/engines', import.meta.url))

type Golden = { readonly why: string; readonly model: Partial<ModelSpec>; plan?: EnginePlan } & Partial<PlanRequest>

function planOf({ model, why: _why, plan: _plan, ...rest }: Golden): EnginePlan {
  const adapter = model.engine === 'command' ? commandEngine : llamaServer
  return adapter.plan(planRequest(model, { ...rest, binary: model.engine === 'command' ? null : '/opt/llama-server' }))
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

test('there are cases for both engines', () => {
  const names = readdirSync(DIRECTORY)
  expect(names.filter((name) => name.startsWith('llama-server')).length).toBeGreaterThanOrEqual(4)
  expect(names.filter((name) => name.startsWith('command')).length).toBeGreaterThanOrEqual(3)
})
