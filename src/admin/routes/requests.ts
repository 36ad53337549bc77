import * as z from 'zod'

import { EnginehouseError } from '../../core/index.ts'
import { readBody } from '../bodies.ts'
import { readQuery } from '../query.ts'
import type { AdminOptions, Route } from '../route.ts'
import { showRequest } from '../show.ts'

/** Takes no field; an empty body or none at all does as well. */
const cancelBody = z.strictObject({})

/** Inference requests that wait or are being answered, and their end by an operator. */
export function requestRoutes(options: AdminOptions): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/requests',
      handle: async (request) => {
        readQuery(request.query, [])
        return { requests: options.requests.all().map((each) => showRequest(each, options.now())) }
      },
    },
    {
      method: 'POST',
      path: '/requests/:id/cancel',
      handle: async (request) => {
        readBody(cancelBody, request.body)
        return cancel(options, idOf(request.params))
      },
    },
  ]
}

/** What was cancelled, as it stood. Throws request_not_running. */
function cancel(options: AdminOptions, id: string) {
  const cancelled = options.requests.cancel(id)
  if (cancelled.length === 0) throw new EnginehouseError('request_not_running', { request: id })
  return { cancelled: cancelled.map((each) => showRequest(each, options.now())) }
}

function idOf(params: unknown): string {
  return typeof params === 'object' && params !== null && 'id' in params ? String(params.id) : ''
}
