import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

import { beforeAll, describe, expect, it } from 'vitest'

import { ENVIRONMENT } from '../../../scripts/reference/environment.ts'
import { HEADERS } from '../../../scripts/reference/headers.ts'
import { referencePages } from '../../../scripts/reference/index.ts'
import { manifestKeys } from '../../../scripts/reference/manifest.ts'
import { ENGINES, ENGINE, MEMORY, MODEL, SERVER } from '../../../src/manifest/sections.ts'
import { createMetrics } from '../../../src/telemetry/index.ts'
import { page, PAGES, ROOT, rows, section, spans } from './pages.ts'

describe('the pages that are written from the code', () => {
  let pages: Awaited<ReturnType<typeof referencePages>> = []
  beforeAll(async () => {
    pages = await referencePages()
  })

  it('are as the code would write them now', () => {
    const stale = pages.filter(({ path, text }) => textOf(path) !== text)
    expect(
      stale.map(({ path }) => path),
      'stale: run npx tsx scripts/write-reference.ts',
    ).toEqual([])
  })

  it('are all that is in docs/reference', () => {
    const there = readdirSync(join(ROOT, 'docs/reference')).map((name) => `docs/reference/${name}`)
    const written = pages.map(({ path }) => path).filter((path) => path.startsWith('docs/reference/'))
    expect(there.toSorted()).toEqual(written.toSorted())
  })

  it('have no mark that a browser would take for HTML', () => {
    for (const { path, text } of pages.filter((page) => page.path.endsWith('.md'))) {
      const prose = text.replace(/^```[\s\S]*?^```$/gm, '').replace(/`[^`]*`/g, '')
      expect(prose.match(/<(?!!--)[A-Za-z/]/g) ?? [], path).toEqual([])
    }
  })
})

describe('variables of the environment', () => {
  /** Read by no person: it marks processes. */
  const INTERNAL = ['ENGINEHOUSE_NONCE']
  const ours = Object.keys(ENVIRONMENT).filter((name) => name.startsWith('ENGINEHOUSE_'))

  it('are in the reference as the code reads them', () => {
    const text = ['src', 'engines'].flatMap((folder) => sources(folder)).join('\n')
    const read = new Set([...text.matchAll(/\bENGINEHOUSE_[A-Z_]*[A-Z]\b/g)].map(([name]) => name))
    expect([...read].filter((name) => !INTERNAL.includes(name)).toSorted()).toEqual(ours.toSorted())
  })

  it('are known where a page names them', () => {
    const known = [...ours, ...INTERNAL]
    const ofTests = ['ENGINEHOUSE_SIM_SCHEDULES', 'ENGINEHOUSE_TEST_COUNTS', 'ENGINEHOUSE_TEST_VLLM']
    expect(
      namedIn(/\bENGINEHOUSE_[A-Z_]*[A-Z]\b/g).filter(({ name }) => ![...known, ...ofTests].includes(name)),
    ).toEqual([])
  })
})

it('headers are in the reference as the code has them', () => {
  const text = sources('src').join('\n')
  const inCode = new Set([...text.matchAll(/'(x-enginehouse-[a-z-]+)'/g)].map(([, name = '']) => name))
  const told = Object.keys(HEADERS)
  expect(told.filter((name) => name.startsWith('x-enginehouse-')).toSorted()).toEqual([...inCode].toSorted())
  expect(told.filter((name) => !text.includes(`'${name}'`))).toEqual([])
  expect(namedIn(/\bx-enginehouse-[a-z-]+/g).filter(({ name }) => !told.includes(name))).toEqual([])
})

it('metrics that a page names are there', () => {
  const known = createMetrics({ version: '' })
    .list()
    .map(({ name }) => name)
  const named = namedIn(/\benginehouse_[a-z_]+\b/g)
  expect(named.length).toBeGreaterThan(known.length)
  expect(named.filter(({ name }) => !known.includes(name.replace(/_(bucket|sum|count)$/, '')))).toEqual([])
})

it('labels of metrics are explained, and no other', () => {
  const used = new Set(
    createMetrics({ version: '' })
      .list()
      .flatMap(({ labels }) => labels),
  )
  const told = rows(section(page('docs/reference/metrics.md'), 'Labels')).flatMap(([first = '']) =>
    spans({ path: '', text: first }),
  )
  const plain = ['route', 'version']
  expect([...new Set([...told, ...plain])].toSorted()).toEqual([...used].toSorted())
})

it('keys that a page names from the top are there', () => {
  const known = new Set(manifestKeys().map(({ path }) => path.join('.')))
  const later = new Set([
    ...SERVER.later.map((key) => `server.${key}`),
    ...MEMORY.later.map((key) => `memory.${key}`),
    ...MODEL.later.map((key) => `models.NAME.${key}`),
    ...ENGINES.later.flatMap((name) => [`engines.${name}`, `engines.${name}.path`]),
    ...ENGINE.later.map((key) => `engines.NAME.${key}`),
    'engines.NAME.path',
  ])
  const named = PAGES.flatMap((page) =>
    spans(page)
      .filter(
        (span) => /^(server|engines|memory|defaults|models)\.[\w.-]+$/.test(span) && !/\.(md|yaml|ts)$/.test(span),
      )
      .map((span) => ({
        path: page.path,
        key: span.replace(/^(models)\.[^.]+/, '$1.NAME').replace(/^defaults\./, 'models.NAME.'),
      })),
  )
  expect(named.length).toBeGreaterThan(5)
  expect(named.filter(({ key }) => !known.has(key) && !later.has(key) && key !== 'models.NAME')).toEqual([])
})

/** Null where it is missing. */
function textOf(path: string): string | null {
  return existsSync(join(ROOT, path)) ? readFileSync(join(ROOT, path), 'utf8') : null
}

function namedIn(pattern: RegExp): readonly { readonly path: string; readonly name: string }[] {
  return PAGES.flatMap(({ path, text }) => [...text.matchAll(pattern)].map(([name]) => ({ path, name })))
}

function sources(folder: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
}
