import { beforeAll, describe, expect, it } from 'vitest'

import { startHouse } from '../../gateway/support/house.ts'
import { page, PAGES, rows, section, spans, type Page } from './pages.ts'

/** `GET /v1/models`, one for each route that the README's table has; a cell names its method once. */
function routesOfReadme(): readonly string[] {
  return rows(section(page('README.md'), 'What a client sees'))
    .map(([first = '']) => spans({ path: '', text: first }))
    .filter(([first = '']) => /^(GET|POST) /.test(first))
    .flatMap(([first = '', ...others]) => [first, ...others.map((path) => `${first.split(' ')[0]} ${path}`)])
}

/** The router's tree, a path's parts one below the other, as `METHOD /path`. */
function routesOf(tree: string): readonly string[] {
  const trail: string[] = []
  return tree.split('\n').flatMap((line) => {
    const match = /^([│ ]*)[├└]── (\S*) \(([A-Z, ]+)\)$/.exec(line)
    if (match === null) return []
    const [, indent = '', part = '', methods = ''] = match
    trail.length = indent.length / 4
    trail.push(part)
    const path = trail.join('/').replace(/\/+/g, '/')
    return methods.split(', ').map((method) => `${method} ${path}`)
  })
}

/** `/v1/models` for each address and each `GET /v1/models` of a page; `/v1` alone is what clients have as their base. */
function pathsOf({ path, text }: Page): readonly string[] {
  const addresses = [...text.matchAll(/http:\/\/127\.0\.0\.1:8080(\/[\w/.-]*\w)/g)].map(([, found = '']) => found)
  const named = spans({ path, text }).flatMap((span) => /^(?:GET|POST) (\/\S*)$/.exec(span)?.[1] ?? [])
  return [...addresses, ...named].filter((found) => found !== '/v1')
}

describe('of the clients’ front', () => {
  let known: readonly string[] = []
  beforeAll(async () => {
    const { gateway, close } = await startHouse({ listen: false })
    try {
      await gateway.app.ready()
      const all = routesOf(gateway.app.printRoutes({ commonPrefix: false }))
      known = all.filter((route) => !/^(HEAD|OPTIONS) /.test(route))
    } finally {
      await close()
    }
  })

  it('the README lists every route, and no other', () => {
    expect(known.length).toBeGreaterThan(10)
    expect(routesOfReadme().toSorted()).toEqual([...known].toSorted())
  })

  it('no page names a route that is not there', () => {
    const paths = new Set(known.map((route) => route.replace(/^\w+ /, '')))
    const wrong = PAGES.flatMap((each) =>
      pathsOf(each)
        .filter((path) => !paths.has(path))
        .map((path) => `${each.path}: ${path}`),
    )
    expect(wrong).toEqual([])
  })
})
