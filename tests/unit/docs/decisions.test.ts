import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { page, PAGES, ROOT, rows } from './pages.ts'

const DECISIONS = PAGES.filter(({ path }) => path.startsWith('docs/decisions/'))

describe('decisions', () => {
  it('are numbered without a gap', () => {
    const numbers = DECISIONS.map(({ path }) => Number(/\/(\d{4})-[a-z-]+\.md$/.exec(path)?.[1])).toSorted(
      (a, b) => a - b,
    )
    expect(numbers).toEqual(numbers.map((_, index) => index + 1))
    expect(numbers.length).toBeGreaterThan(0)
  })

  it.each(DECISIONS.map((each) => [each.path, each.text] as const))(
    '%s says context, decision, consequences',
    (path, text) => {
      expect(text.match(/^# (\d+)\. /)?.[1]).toBe(String(Number(/\/(\d{4})-/.exec(path)?.[1])))
      expect([...text.matchAll(/^\*\*(\w+)\.\*\*/gm)].map(([, part]) => part)).toEqual([
        'Context',
        'Decision',
        'Consequences',
      ])
      expect(text.split('\n').length).toBeLessThanOrEqual(50)
    },
  )
})

it('every dependency stands in its decision with its version and a reason', () => {
  const { dependencies } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as {
    dependencies: Record<string, string>
  }
  const table = rows(page('docs/decisions/0001-dependencies.md').text)
  expect(table.map(([name]) => name).toSorted()).toEqual(
    Object.entries(dependencies)
      .map(([name, version]) => `${name} ${version}`)
      .toSorted(),
  )
  expect(table.filter(([, job = '', reason = '']) => job === '' || reason === '')).toEqual([])
})
