import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { runCommand } from '../../support/cli.ts'

const SCHEMA = readFileSync(fileURLToPath(new URL('../../../configs/manifest.schema.json', import.meta.url)), 'utf8')

describe('config schema', () => {
  it('prints the schema as it stands in configs/', async () => {
    expect(await runCommand(['config', 'schema'])).toEqual({ exit: 0, stdout: SCHEMA, stderr: '' })
  })

  it('prints the same on one line of JSON', async () => {
    const { exit, stdout } = await runCommand(['config', 'schema', '--json'])
    expect([exit, stdout.trimEnd().split('\n').length]).toEqual([0, 1])
    expect(JSON.parse(stdout)).toEqual(JSON.parse(SCHEMA))
  })

  it('alone shows help', async () => {
    const { exit, stderr } = await runCommand(['config'])
    expect(exit).toBe(2)
    expect(stderr).toMatch(/^Usage: enginehouse config/)
  })
})
