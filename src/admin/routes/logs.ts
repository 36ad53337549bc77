import type { FastifyReply, FastifyRequest } from 'fastify'

import type { Bytes, ModelName } from '../../core/index.ts'
import { EnginehouseError } from '../../core/index.ts'
import { escapeControl, escapeOutput } from '../../lib/escape-control.ts'
import { levelBody, readBody } from '../bodies.ts'
import { findModel } from '../lookup.ts'
import type { EngineLine, LogQuery } from '../ports.ts'
import { readCount, readFlag, readMoment, readQuery } from '../query.ts'
import type { AdminOptions, Route } from '../route.ts'
import type { EngineLineShape, LogLevelShape } from '../shapes.ts'
import { openStream, type OutgoingStream } from '../stream.ts'
import { isoOrNull } from '../wire.ts'

const LINES = 100
const MAX_LINES = 10_000
/** Unsent to a reader beyond this, lines are left out for it, and it is told how many. */
const MAX_UNSENT: Bytes = 256 * 1024

/**
 * The output of a model's engine, or without `model` the daemon's own log; `follow=true` goes on with what comes. As
 * text, or one JSON value per line (`format=json`; the daemon's log always).
 */
export function logRoutes(options: AdminOptions): readonly Route[] {
  return [
    { method: 'GET', path: '/logs', handle: (request, reply) => logs(options, request, reply) },
    { method: 'POST', path: '/logs/level', handle: (request) => setLevel(options, request.body) },
  ]
}

/** Lines as they go out, the past ones and those that come. */
interface Lines {
  past(): Promise<readonly string[]>
  follow(onLine: (text: string) => void): () => void
}

async function logs(options: AdminOptions, request: FastifyRequest, reply: FastifyReply): Promise<void> {
  const query = readQuery(request.query, ['model', 'follow', 'lines', 'since', 'format'])
  const format = query.format ?? 'text'
  if (format !== 'text' && format !== 'json') {
    throw new EnginehouseError('parameter_invalid', { param: 'format', expected: 'text or json' })
  }
  const since = readMoment('since', query.since, options.now())
  const wanted = {
    lines: readCount('lines', query.lines, MAX_LINES) ?? (since === undefined ? LINES : MAX_LINES),
    since,
  }
  const follow = readFlag('follow', query.follow, 'false')
  const isText = format === 'text' && query.model !== undefined
  const lines =
    query.model === undefined
      ? daemonLines(options, wanted)
      : engineLines(options, findModel(options.operations.view, query.model).id, { ...wanted, format })

  const feed = createFeed()
  const stop = follow ? lines.follow(feed.give) : () => undefined
  try {
    const past = await lines.past()
    reply.hijack()
    const stream = openStream(reply.raw, isText ? 'text/plain; charset=utf-8' : 'application/x-ndjson')
    await stream.past(past.map((line) => `${line}\n`))
    if (!follow) return stream.end()
    feed.into(stream, isText ? (gap) => gap : (gap) => JSON.stringify({ line: gap }))
    await stream.closed
  } finally {
    stop()
  }
}

function engineLines(
  { logs: engines }: AdminOptions,
  model: ModelName,
  { format, ...query }: LogQuery & { readonly format: 'text' | 'json' },
): Lines {
  const render = ({ instance, at, line }: EngineLine): string => {
    if (format === 'text') return escapeOutput(line)
    return escapeControl(JSON.stringify({ model, instance, at: isoOrNull(at), line } satisfies EngineLineShape))
  }
  return {
    past: async () => (await engines.tail(model, query)).map(render),
    follow: (onLine) => engines.follow(model, (line) => onLine(render(line))),
  }
}

function daemonLines({ daemonLog }: AdminOptions, { lines, since }: LogQuery): Lines {
  const isWanted = (line: string): boolean => since === undefined || timeOf(line) >= since
  return {
    past: async () => {
      const recent = daemonLog.recent().filter(isWanted)
      return recent.slice(Math.max(0, recent.length - lines)).map((line) => line.trimEnd())
    },
    follow: (onLine) => daemonLog.follow((line) => onLine(line.trimEnd())),
  }
}

function timeOf(line: string): number {
  return Date.parse(/"time":"([^"]+)"/.exec(line)?.[1] ?? '')
}

/**
 * Lines on their way to one reader. They are handed on once per turn of the event loop, as an engine that talks much
 * would cost a write for each; what a reader does not take is left out, never kept for it.
 */
function createFeed(): {
  give(text: string): void
  into(stream: OutgoingStream, asGap: (text: string) => string): void
} {
  let waiting = ''
  let missed = 0
  let flush: (() => void) | null = null
  let isPlanned = false
  return {
    give(text) {
      if (waiting.length > MAX_UNSENT) {
        missed += 1
        return
      }
      waiting += `${text}\n`
      if (flush === null || isPlanned) return
      isPlanned = true
      setImmediate(flush)
    },
    into(stream, asGap) {
      flush = () => {
        isPlanned = false
        const text = missed === 0 ? waiting : `${waiting}${asGap(gapOf(missed))}\n`
        if (stream.unsent > MAX_UNSENT) {
          missed += waiting === '' ? 0 : waiting.split('\n').length - 1
          waiting = ''
          return
        }
        waiting = ''
        missed = 0
        if (text !== '') stream.live(text)
      }
      flush()
    },
  }
}

function gapOf(lines: number): string {
  return `[enginehouse: ${lines} lines were left out here: they came faster than they were read]`
}

async function setLevel(options: AdminOptions, body: unknown): Promise<LogLevelShape> {
  const { level } = readBody(levelBody, body)
  const was = options.daemonLog.level
  options.daemonLog.level = level
  return { level, was }
}
