import { existsSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'

import { describe, expect, it } from 'vitest'

import { PAGES, ROOT } from './pages.ts'

describe.each(PAGES.map((each) => [each.path, each.text] as const))('%s', (path, text) => {
  it('links only to what is there', () => {
    const targets = [...text.matchAll(/\]\(([^)#\s]+)[^)]*\)/g)].map(([, target = '']) => target)
    expect(targets.filter((target) => !existsSync(join(ROOT, dirname(path), target)))).toEqual([])
  })

  it('names only pages that are there', () => {
    const named = [...text.matchAll(/(?<![\w/.-])[A-Z][A-Z_]+\.md\b/g)].map(([name]) => name)
    expect(named.filter((name) => !existsSync(join(ROOT, name)))).toEqual([])
  })
})

it('every guide and every reference page is linked from the README or a guide', () => {
  const guides = PAGES.filter(({ path }) => /^docs\/(guide|reference)\//.test(path))
  const linked = PAGES.filter(({ path }) => path === 'README.md' || path.startsWith('docs/guide/')).flatMap(
    ({ path, text }) => [...text.matchAll(/\]\(([^)#\s]+)/g)].map(([, target = '']) => join(dirname(path), target)),
  )
  expect(guides.length).toBeGreaterThan(8)
  expect(guides.filter(({ path }) => !linked.includes(path)).map(({ path }) => path)).toEqual([])
})

it('every page at the root can be reached from the README', () => {
  const root = PAGES.filter(({ path }) => !normalize(path).includes('/')).map(({ path }) => path)
  const readme = PAGES.find(({ path }) => path === 'README.md')?.text ?? ''
  expect(root.length).toBeGreaterThan(5)
  expect(root.filter((path) => path !== 'README.md' && !readme.includes(path))).toEqual([])
})
