import type { FastifyReply, FastifyRequest } from 'fastify'

import type { JournalRecord, Sequence } from '../../core/index.ts'
import { EnginehouseError } from '../../core/index.ts'
import { matches, type JournalQuery } from '../../journal/index.ts'
import { showEvent } from '../event.ts'
import { findModel } from '../lookup.ts'
import { readCount, readFlag, readMoment, readQuery } from '../query.ts'
import type { AdminOptions, Route } from '../route.ts'
import { openStream } from '../stream.ts'

/** Records that one reader may be given of the past. */
const MAX_HISTORY = 10_000

/**
 * Server-sent events of the journal: `id` is the sequence, `data` one record. `Last-Event-ID` goes on where a reader
 * stopped; `since` and `limit` choose the past that comes first (none without them); `follow=false` ends after it.
 */
export function eventRoutes(options: AdminOptions): readonly Route[] {
  return [{ method: 'GET', path: '/events', handle: (request, reply) => events(options, request, reply) }]
}

interface Wanted {
  readonly query: JournalQuery
  /** Null: nothing of the past. */
  readonly past: { readonly limit: number } | null
  readonly follow: boolean
}

async function events(options: AdminOptions, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const wanted = readWanted(options, request)
  const live = followFromNow(options, wanted.query)
  try {
    const past = wanted.past ? await options.journal.query({ ...wanted.query, ...wanted.past }) : []
    reply.hijack()
    const stream = openStream(reply.raw, 'text/event-stream')
    await stream.past(past.map(frame))
    if (!wanted.follow) return stream.end()
    // What came during the query may have been in its answer too.
    const last = past.at(-1)?.seq ?? -1
    live.attach((record) => record.seq > last && stream.live(frame(record)))
    await stream.closed
  } finally {
    live.stop()
  }
}

function readWanted(options: AdminOptions, request: FastifyRequest): Wanted {
  const { model, since, limit, follow } = readQuery(request.query, ['model', 'since', 'limit', 'follow'])
  const lastEventId = request.headers['last-event-id']
  const query: JournalQuery = {
    model: model === undefined ? undefined : findModel(options.operations.view, model).id,
    after: typeof lastEventId === 'string' ? readCursor(lastEventId) : undefined,
    since: readMoment('since', since, options.now()),
  }
  const count = readCount('limit', limit, MAX_HISTORY)
  const wantsPast = count !== undefined || query.after !== undefined || query.since !== undefined
  return {
    query,
    past: wantsPast ? { limit: count ?? MAX_HISTORY } : null,
    follow: readFlag('follow', follow, 'true'),
  }
}

function readCursor(text: string): Sequence {
  if (/^\d{1,15}$/.test(text)) return Number(text)
  throw new EnginehouseError('parameter_invalid', { param: 'Last-Event-ID', expected: 'the id of an event' })
}

/** Listens before the past is read, so that no record falls between the two; they wait until somebody is attached. */
function followFromNow({ journal }: AdminOptions, query: JournalQuery) {
  const waiting: JournalRecord[] = []
  let deliver = (record: JournalRecord): unknown => waiting.push(record)
  const unsubscribe = journal.follow((record) => matches(record, query) && deliver(record))
  return {
    attach(send: (record: JournalRecord) => unknown): void {
      waiting.splice(0).forEach((record) => send(record))
      deliver = send
    },
    stop: unsubscribe,
  }
}

function frame(record: JournalRecord): string {
  return `id: ${record.seq}\ndata: ${JSON.stringify(showEvent(record))}\n\n`
}
