import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'

import { describe, expect, it } from 'vitest'

import { ANSWER_ERRORS } from '../../../src/core/errors/answers.ts'
import { ENGINE_ERRORS } from '../../../src/core/errors/engines.ts'
import { MANIFEST_ERRORS } from '../../../src/core/errors/manifest.ts'
import { OPERATOR_ERRORS } from '../../../src/core/errors/operators.ts'
import { REQUEST_ERRORS } from '../../../src/core/errors/requests.ts'
import { EnginehouseError, ERRORS, type ErrorCode, specOf } from '../../../src/core/index.ts'

const ROOT = fileURLToPath(new URL('../../..', import.meta.url))
const CODES = Object.keys(ERRORS) as ErrorCode[]
const PARTS = [REQUEST_ERRORS, ANSWER_ERRORS, OPERATOR_ERRORS, ENGINE_ERRORS, MANIFEST_ERRORS]
/** What a fact that is missing or of another shape turns into. */
const HOLES = /undefined|\[object|NaN|null|\(\)|``|""|: \.| {2}/

describe.each(CODES)('%s', (code) => {
  const { example, about, status, exit } = specOf(code)
  const error = new EnginehouseError(code, example)

  it('says by its example what happened and what to do', () => {
    for (const words of [error.message, error.next]) {
      expect(words).not.toMatch(HOLES)
      expect(words).toMatch(/^[\w"`].*[.?]$/)
    }
    expect(error.next).not.toBe(error.message)
  })

  it('has a reason that is more than those two', () => {
    if (about === undefined) return
    expect(about).toMatch(/^[A-Z`].*\.$/)
    expect([error.message, error.next]).not.toContain(about)
  })

  it('is a refusal for clients and a failure for commands', () => {
    expect(status).toBeGreaterThanOrEqual(400)
    expect(exit).toBeGreaterThan(0)
  })
})

describe('the registry', () => {
  it('has each code once', () => {
    expect(PARTS.flatMap((part) => Object.keys(part)).toSorted()).toEqual(CODES.toSorted())
  })

  it('has no entry that nothing raises', () => {
    const text = ['src', 'engines'].flatMap((folder) => sources(folder)).join('\n')
    expect(CODES.filter((code) => !text.includes(`'${code}'`))).toEqual([])
  })
})

/** The program's own text, without the registry. */
function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !path.includes('/core/errors'))
    .map((path) => readFileSync(path, 'utf8'))
}
