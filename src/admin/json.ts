import type { FastifyInstance, FastifyRequest } from 'fastify'

import { EnginehouseError } from '../core/index.ts'

/** Bodies of native routes name a model and a few flags. */
const MAX_BODY = 64 * 1024

/** JSON bodies only, on this scope's routes only: inference routes read their bodies in their own way. */
export function acceptJson(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser<string>(
    'application/json',
    { parseAs: 'string', bodyLimit: MAX_BODY },
    async (_request: unknown, body: string) => parseBody(body),
  )
  scope.addContentTypeParser('*', async (request: FastifyRequest) => {
    throw new EnginehouseError('media_type_unsupported', {
      header: 'content-type',
      value: request.headers['content-type'] ?? '',
      body: 'json',
    })
  })
}

function parseBody(body: string): unknown {
  if (body.trim() === '') return undefined
  try {
    return JSON.parse(body)
  } catch (error) {
    throw new EnginehouseError('json_invalid', { why: error instanceof Error ? error.message : String(error) })
  }
}
