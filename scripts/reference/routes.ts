import { type AdminOptions, registerAdmin } from '../../src/admin/index.ts'
import { createGateway, type GatewayOptions } from '../../src/gateway/index.ts'
import { createMetrics } from '../../src/telemetry/index.ts'

/** Every route of the one server as `METHOD /pattern`, in alphabetical order: nothing is asked, nothing is opened. */
export async function registeredRoutes(): Promise<readonly string[]> {
  const { app } = createGateway({
    ...absent<GatewayOptions>(),
    metrics: createMetrics({ version: '' }),
    limits: { maxBody: 1 },
    hostNames: [],
  })
  await registerAdmin(app, absent<AdminOptions>())
  await app.ready()
  const routes = routesOf(app.printRoutes())
  await app.close()
  return routes.filter((route) => !/^(HEAD|OPTIONS) /.test(route)).toSorted()
}

/** What a handler would use and a registration does not: whatever is read of it is absent too. */
function absent<T extends object>(): T {
  return new Proxy({} as T, { get: () => absent() })
}

/** The router's tree: each line goes on where its parent ends, and has methods where a route ends. */
function routesOf(tree: string): readonly string[] {
  const trail: string[] = []
  return tree.split('\n').flatMap((line) => {
    const match = /^([│ ]*)[├└]── (\S+)(?: \(([A-Z, ]+)\))?$/.exec(line)
    if (match === null) return []
    const [, indent = '', part = '', methods] = match
    trail.length = indent.length / 4
    trail.push(part)
    return methods === undefined ? [] : methods.split(', ').map((method) => `${method} ${trail.join('')}`)
  })
}
