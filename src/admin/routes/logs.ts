import type { FastifyReply, FastifyRequest } from 'fastify'

import { EnginehouseError } from '../../core/index.ts'
import { findModel } from '../lookup.ts'
import { readCount, readFlag, readQuery } from '../query.ts'
import type { AdminOptions, Route } from '../route.ts'
import { openStream } from '../stream.ts'

const LINES = 100
const MAX_LINES = 10_000

/** The output of a model's engine as text lines; `follow=true` goes on with what it says from then on. */
export function logRoutes(options: AdminOptions): readonly Route[] {
  return [{ method: 'GET', path: '/logs', handle: (request, reply) => logs(options, request, reply) }]
}

async function logs(options: AdminOptions, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = readQuery(request.query, ['model', 'follow', 'lines'])
  if (query.model === undefined) {
    throw new EnginehouseError('parameter_invalid', { param: 'model', expected: 'the name or alias of a model' })
  }
  const model = findModel(options.operations.view, query.model).id
  const follow = readFlag('follow', query.follow, 'false')
  const lines = await options.logs.tail(model, readCount('lines', query.lines, MAX_LINES) ?? LINES)
  reply.hijack()
  const stream = openStream(reply.raw, 'text/plain; charset=utf-8')
  await stream.past(lines.map(asLine))
  if (!follow) return stream.end()
  const stop = options.logs.follow(model, (line) => stream.live(asLine(line)))
  await stream.closed.finally(stop)
}

function asLine(line: string): string {
  return `${line}\n`
}
