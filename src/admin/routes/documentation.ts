import { readFile } from 'node:fs/promises'

import type { FastifyReply } from 'fastify'

import { EnginehouseError } from '../../core/index.ts'
import type { AdminOptions, Route } from '../route.ts'

/**
 * The routes told to people and programs, from this host alone. What makes them is loaded by the first request for it:
 * a daemon that nobody asks never has it in memory.
 */
export function documentationRoutes({ version }: AdminOptions): readonly Route[] {
  return [
    get('/openapi.json', async (reply) => {
      const { openApiDocument } = await import('../openapi/index.ts')
      return reply.type('application/json').send(JSON.stringify(openApiDocument(version)))
    }),
    get('/docs', async (reply) => {
      const { DOCS_PAGE, DOCS_POLICY } = await import('../openapi/index.ts')
      return page(reply, DOCS_PAGE, DOCS_POLICY)
    }),
    {
      method: 'GET',
      path: '/docs/:file',
      handle: (request, reply) => sendFile(request.params, request.url, reply),
    },
    get('/redoc', async (reply) => {
      const { openApiDocument, referencePage, REFERENCE_POLICY } = await import('../openapi/index.ts')
      return page(reply, referencePage(openApiDocument(version)), REFERENCE_POLICY)
    }),
  ]
}

function get(path: string, answer: (reply: FastifyReply) => Promise<FastifyReply>): Route {
  return { method: 'GET', path, handle: (_, reply) => answer(reply) }
}

async function sendFile(params: unknown, path: string, reply: FastifyReply): Promise<FastifyReply> {
  const { assetFile, START_SCRIPT } = await import('../openapi/index.ts')
  const name = typeof params === 'object' && params !== null && 'file' in params ? String(params.file) : ''
  reply.header('x-content-type-options', 'nosniff')
  if (name === 'start.js') return reply.type('text/javascript; charset=utf-8').send(START_SCRIPT)
  const asset = assetFile(name)
  if (asset === null) throw new EnginehouseError('route_not_found', { method: 'GET', path })
  return reply.type(asset.type).send(await readFile(asset.path))
}

function page(reply: FastifyReply, html: string, policy: string): FastifyReply {
  return reply
    .type('text/html; charset=utf-8')
    .header('content-security-policy', policy)
    .header('x-content-type-options', 'nosniff')
    .header('referrer-policy', 'no-referrer')
    .send(html)
}
