import { expect, it } from 'vitest'

import { startHouse } from '../../gateway/support/house.ts'
import { page, rows, section, spans } from './pages.ts'

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

it('the README lists the routes of the clients’ front, and no other', async () => {
  const { gateway, close } = await startHouse({ listen: false })
  try {
    await gateway.app.ready()
    const known = routesOf(gateway.app.printRoutes({ commonPrefix: false }))
    expect(known.length).toBeGreaterThan(10)
    expect(routesOfReadme().toSorted()).toEqual(known.filter((route) => !/^(HEAD|OPTIONS) /.test(route)).toSorted())
  } finally {
    await close()
  }
})
