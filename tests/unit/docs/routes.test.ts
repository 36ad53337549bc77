import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import { beforeAll, describe, expect, it } from 'vitest'

import { REFUSED_ROUTES, ROUTE_NOTES } from '../../../src/admin/openapi/route-notes.ts'
import { registeredRoutes } from '../../../scripts/reference/routes.ts'
import { admin } from '../admin/stubs.ts'
import { page, ROOT, rows, section, spans, WRITTEN, type Page } from './pages.ts'

/** `GET /v1/models`, one for each route that the README's table has; a cell names its method once. */
function routesOfReadme(): readonly string[] {
  return rows(section(page('README.md'), 'What a client sees'))
    .map(([first = '']) => spans({ path: '', text: first }))
    .filter(([first = '']) => /^(GET|POST) /.test(first))
    .flatMap(([first = '', ...others]) => [first, ...others.map((path) => `${first.split(' ')[0]} ${path}`)])
}

/** `/v1/models` for each address and each `GET /v1/models` of a page; `/v1` alone is what clients have as their base. */
function pathsOf({ path, text }: Page): readonly string[] {
  const addresses = [...text.matchAll(/http:\/\/(?:127\.0\.0\.1:8080|localhost)(\/[\w/.-]*\w)/g)].map(
    ([, found = '']) => found,
  )
  const named = spans({ path, text }).flatMap((span) => /^(?:GET|POST) (\/[^\s?]*)(?:\?\S*)?$/.exec(span)?.[1] ?? [])
  return [...addresses, ...named].filter((found) => found !== '/v1')
}

describe('routes', () => {
  let known: readonly string[] = []
  beforeAll(async () => {
    known = await registeredRoutes()
  })

  it('that the README tells of are there', () => {
    expect(known.length).toBeGreaterThan(20)
    expect(routesOfReadme().length).toBeGreaterThan(5)
    expect(routesOfReadme().filter((route) => !known.includes(route))).toEqual([])
  })

  it('that a page names are there', () => {
    const paths = new Set(known.map((route) => route.replace(/^\w+ /, '')))
    const wrong = WRITTEN.flatMap((each) =>
      pathsOf(each)
        .filter((path) => !paths.has(path))
        .map((path) => `${each.path}: ${path}`),
    )
    expect(wrong).toEqual([])
  })
})

/** The native routes of one method, with a model of the stub where one is named. */
const native = (method: 'GET' | 'POST') =>
  Object.entries(ROUTE_NOTES)
    .filter(([route, { family }]) => family === 'native' && route.startsWith(method))
    .map(([route, note]) => [route.replace(`${method} `, '').replace('*', 'cold'), note] as const)

it.each(native('GET'))('GET %s takes the query that its note tells of, and no other', async (url, { query = [] }) => {
  const app = await admin()
  const answer = await app.inject({ method: 'GET', url: `${url}?_=1` })
  expect(answer.json()).toMatchObject(refusalOf(query.length === 0 ? ['no parameters'] : query))
})

it.each(native('POST'))('POST %s takes the body that its note tells of, and no other', async (url, { body }) => {
  const fields = Object.keys(body?.shape ?? {})
  const app = await admin()
  const needed = Object.fromEntries(
    ['model', 'device', 'manifest'].filter((each) => fields.includes(each)).map((each) => [each, 'x']),
  )
  const payload = { ...needed, _: 1 }
  const answer = await app.inject({ method: 'POST', url, payload })
  expect(answer.json()).toMatchObject(refusalOf(fields))
})

function refusalOf(takes: readonly string[]): object {
  const facts = { param: '_', expected: `left out: this route takes ${takes.join(', ')}` }
  return { error: { code: 'parameter_invalid', facts } }
}

it('shapes that notes name are declared', () => {
  const declared = readFileSync(join(ROOT, 'src/admin/shapes.ts'), 'utf8')
  const named = Object.values(ROUTE_NOTES).flatMap(({ answers = '' }) => answers.match(/\w+Shape/g) ?? [])
  expect(named.length).toBeGreaterThan(10)
  expect(named.filter((name) => !declared.includes(`export interface ${name} `))).toEqual([])
})

it.each(REFUSED_ROUTES)('%s is refused by name', async (route) => {
  const [, url = ''] = route.split(' ')
  const answer = await (await admin()).inject({ method: 'POST', url, payload: {} })
  expect(answer.json()).toMatchObject({ error: { code: 'route_not_supported' } })
})
