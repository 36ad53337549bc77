import { manifestJsonSchema } from '../../manifest/index.ts'
import { readQuery } from '../query.ts'
import type { AdminOptions, Route } from '../route.ts'
import type { VersionShape } from '../shapes.ts'

/** What people and programs ask of the daemon itself. */
export function operationRoutes({ version, kinds }: AdminOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/version',
      handle: async (request): Promise<VersionShape> => {
        readQuery(request.query, [])
        return { version, node: process.versions.node }
      },
    },
    {
      method: 'GET',
      path: '/schema/manifest.json',
      handle: async (_, reply) => {
        return reply.type('application/schema+json').send(JSON.stringify(manifestJsonSchema(kinds), null, 2))
      },
    },
  ]
}
