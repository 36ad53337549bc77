import { request as httpRequest, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'

import { describe, expect, it, onTestFinished } from 'vitest'

import type { AdminOptions, DaemonLog, EngineLine, EngineLogs, LogQuery } from '../../../src/admin/index.ts'
import type { JournalRecord } from '../../../src/core/index.ts'
import { admin, NOW, stubJournal } from './stubs.ts'

function record(seq: number, model: string): JournalRecord {
  return {
    seq,
    at: NOW - 60_000 + seq * 1000,
    kind: 'ready',
    model,
    instance: `${model}-1`,
    cause: [],
    evidence: { loadTime: 1250 },
  }
}

const PAST = [record(1, 'cold'), record(2, 'org/ready'), record(3, 'cold')]

interface Reader {
  readonly status: number
  /** Settles with all that has come once it holds the text. */
  until(text: string): Promise<string>
  readonly ended: Promise<string>
  leave(): void
}

async function open(
  path: string,
  options: Partial<AdminOptions>,
  headers: Record<string, string> = {},
): Promise<Reader> {
  const app = await admin(options)
  await app.listen({ host: '127.0.0.1', port: 0 })
  const { port } = app.server.address() as AddressInfo
  const sent = httpRequest({ host: '127.0.0.1', port, path: `/api/v1${path}`, headers, agent: false })
  onTestFinished(() => void sent.destroy())
  const response = await new Promise<IncomingMessage>((resolve, reject) =>
    sent.once('response', resolve).once('error', reject).end(),
  )
  let text = ''
  response.setEncoding('utf8').on('data', (piece: string) => (text += piece))
  return {
    status: response.statusCode ?? 0,
    until: (wanted) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (text.includes(wanted)) resolve(text)
        }
        response.on('data', check)
        check()
      }),
    ended: new Promise((resolve) => response.once('end', () => resolve(text))),
    leave: () => void sent.destroy(),
  }
}

function idsIn(text: string): number[] {
  return [...text.matchAll(/^id: (\d+)$/gm)].map(([, id]) => Number(id))
}

describe('events', () => {
  it.each([
    ['limit=2', {}, [2, 3]],
    ['limit=9&model=cold', {}, [1, 3]],
    ['model=default&limit=9', {}, [2]],
    ['since=2026-01-31T13:59:02Z', {}, [2, 3]],
    ['since=58s', {}, [2, 3]],
    ['', { 'last-event-id': '1' }, [2, 3]],
    ['', { 'last-event-id': '0' }, [1, 2, 3]],
    ['', {}, []],
  ])('the past for %j %j', async (query, headers, ids) => {
    const reader = await open(`/events?follow=false&${query}`, { journal: stubJournal(PAST) }, headers)
    expect(idsIn(await reader.ended)).toEqual(ids)
  })

  it('are one record each, with its words', async () => {
    const reader = await open('/events?follow=false&limit=1', { journal: stubJournal(PAST) })
    const data = /^data: (.*)$/m.exec(await reader.ended)?.[1] ?? ''
    expect(JSON.parse(data)).toEqual({
      seq: 3,
      at: '2026-01-31T13:59:03.000Z',
      kind: 'ready',
      model: 'cold',
      instance: 'cold-1',
      cause: [],
      evidence: { load_time_ms: 1250 },
      text: expect.stringContaining('1.3s'),
    })
  })

  it('go on with the present, each once and in order, also what came while the past was read', async () => {
    const journal = stubJournal(PAST)
    const query: typeof journal.query = async (asked) => {
      const found = await journal.query(asked)
      journal.append(record(4, 'cold'))
      return [...found, record(4, 'cold')]
    }
    const reader = await open('/events?limit=9&model=cold', { journal: { ...journal, query } })
    await reader.until('id: 4\n')
    journal.append(record(5, 'org/ready'))
    journal.append(record(6, 'cold'))
    expect(idsIn(await reader.until('id: 6\n'))).toEqual([1, 2, 3, 4, 6].filter((id) => id !== 2))
  })

  it('let go of the journal when the reader leaves', async () => {
    let followers = 0
    let gone = (): void => undefined
    const isGone = new Promise<void>((resolve) => (gone = resolve))
    const journal: AdminOptions['journal'] = {
      query: async () => PAST,
      follow() {
        followers += 1
        return () => {
          followers -= 1
          gone()
        }
      },
    }
    const reader = await open('/events?limit=9', { journal })
    await reader.until('id: 3\n')
    expect(followers).toBe(1)
    reader.leave()
    await isGone
    expect(followers).toBe(0)
  })

  it('cut a reader of the present that does not read', async () => {
    const journal = stubJournal([])
    const app = await admin({ journal })
    await app.listen({ host: '127.0.0.1', port: 0 })
    const { port } = app.server.address() as AddressInfo
    const sent = httpRequest({ host: '127.0.0.1', port, path: '/api/v1/events', agent: false })
    onTestFinished(() => void sent.destroy())
    const response = await new Promise<IncomingMessage>((resolve) => sent.once('response', resolve).end())
    response.pause()
    const cut = new Promise<void>((resolve) => response.once('close', resolve).once('error', () => undefined))
    const long = 'x'.repeat(100_000)
    for (let seq = 1; seq <= 200; seq += 1) {
      journal.append({ ...record(seq, 'cold'), instance: long } as JournalRecord)
    }
    response.resume()
    await cut
    expect(response.complete).toBe(false)
  })

  it.each(['since=yesterday', 'limit=-1', 'limit=99999', 'follow=yes', 'modle=a'])('%s is 400', async (query) => {
    const response = await (await admin()).inject(`/api/v1/events?${query}`)
    expect([response.statusCode, response.json().error.code]).toEqual([400, 'parameter_invalid'])
  })

  it('refuses an id that is none', async () => {
    const response = await (await admin()).inject({ url: '/api/v1/events', headers: { 'last-event-id': 'x' } })
    expect(response.json().error.message).toBe('`Last-Event-ID` must be the id of an event.')
  })
})

describe('logs', () => {
  const engineLogs = () => {
    const state = { say: (_line: EngineLine): void => undefined, left: 0, asked: [] as LogQuery[] }
    const logs: EngineLogs = {
      async tail(model, query) {
        state.asked.push(query)
        return ['one', 'two', `of ${model}`].slice(-query.lines).map((line) => ({ instance: 'i-1', at: null, line }))
      },
      follow(_model, onLine) {
        state.say = onLine
        return () => void (state.left += 1)
      },
    }
    return { logs, state }
  }

  it('are the last lines as text', async () => {
    const app = await admin({ logs: engineLogs().logs })
    const response = await app.inject('/api/v1/logs?model=default&lines=2')
    expect(response.headers['content-type']).toBe('text/plain; charset=utf-8')
    expect(response.body).toBe('two\nof org/ready\n')
  })

  it('go on with follow=true until the reader leaves', async () => {
    const { logs, state } = engineLogs()
    const reader = await open('/logs?model=cold&follow=true', { logs })
    await reader.until('of cold\n')
    state.say({ instance: 'i-1', at: NOW, line: 'three' })
    state.say({ instance: 'i-1', at: NOW, line: '\u001b[31mfour\u001b[0m\u001b]0;title\u0007' })
    expect(await reader.until('four')).toBe('one\ntwo\nof cold\nthree\nfour\\u001b]0;title\\u0007\n')
    expect(state.left).toBe(0)
  })

  it('are JSON with model, instance and time where that is asked for', async () => {
    const { logs, state } = engineLogs()
    const reader = await open('/logs?model=cold&follow=true&format=json&lines=1', { logs })
    await reader.until('of cold')
    state.say({ instance: 'i-2', at: NOW, line: 'a\u009bb' })
    const text = await reader.until('i-2')
    expect(text).not.toContain('\u009b')
    expect(
      text
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line)),
    ).toEqual([
      { model: 'cold', instance: 'i-1', at: null, line: 'of cold' },
      { model: 'cold', instance: 'i-2', at: '2026-01-31T14:00:00.000Z', line: 'a\u009bb' },
    ])
  })

  it('begin at a moment, with no other limit than the largest', async () => {
    const { logs, state } = engineLogs()
    const app = await admin({ logs })
    await app.inject('/api/v1/logs?model=cold&since=10m')
    await app.inject('/api/v1/logs?model=cold&since=10m&lines=5')
    expect(state.asked).toEqual([
      { lines: 10_000, since: NOW - 600_000 },
      { lines: 5, since: NOW - 600_000 },
    ])
  })

  it('leave out what a reader does not take, and say how much', async () => {
    const { logs, state } = engineLogs()
    const reader = await open('/logs?model=cold&follow=true', { logs })
    await reader.until('of cold\n')
    const line = 'x'.repeat(1023)
    for (let count = 0; count < 300; count += 1) state.say({ instance: 'i-1', at: NOW, line })
    const text = await reader.until('left out')
    const told = text.split('\n').filter((each) => each === line).length
    expect(told).toBeGreaterThan(200)
    expect(text).toContain(`[enginehouse: ${300 - told} lines were left out here`)
  })

  it('are the daemon’s own without a model', async () => {
    const lines = [1, 2, 3].map((hour) => `{"level":"info","time":"2026-01-31T1${hour}:00:00.000Z","msg":"${hour}"}\n`)
    const followers: ((line: string) => void)[] = []
    const daemonLog: DaemonLog = {
      level: 'info',
      recent: () => lines,
      follow: (onLine) => (followers.push(onLine), () => undefined),
    }
    const app = await admin({ daemonLog })
    const last = await app.inject('/api/v1/logs?lines=1')
    expect([last.headers['content-type'], last.body]).toEqual(['application/x-ndjson', lines[2]])
    expect((await app.inject('/api/v1/logs?since=2026-01-31T12:00:00Z')).body).toBe(lines.slice(1).join(''))
    const reader = await open('/logs?follow=true&lines=0', { daemonLog })
    followers.at(-1)?.('{"msg":"four"}\n')
    expect(await reader.until('four')).toBe('{"msg":"four"}\n')
  })

  it.each([
    ['model=nobody', 404, 'model_not_found'],
    ['model=cold&lines=many', 400, 'parameter_invalid'],
    ['model=cold&lines=10001', 400, 'parameter_invalid'],
    ['model=cold&format=xml', 400, 'parameter_invalid'],
    ['model=cold&since=yesterday', 400, 'parameter_invalid'],
    ['file=../../etc/passwd', 400, 'parameter_invalid'],
  ])('%j is %d', async (query, status, code) => {
    const response = await (await admin()).inject(`/api/v1/logs?${query}`)
    expect([response.statusCode, response.json().error.code]).toEqual([status, code])
  })

  it('have a level that can be set', async () => {
    const daemonLog: DaemonLog = { level: 'info', recent: () => [], follow: () => () => undefined }
    const app = await admin({ daemonLog })
    const set = (payload: object) => app.inject({ method: 'POST', url: '/api/v1/logs/level', payload })
    expect((await set({ level: 'debug' })).json()).toEqual({ level: 'debug', was: 'info' })
    expect(daemonLog.level).toBe('debug')
    const refused = await set({ level: 'loud' })
    expect(refused.json().error.message).toBe('`level` must be one of debug, info, warn, error, silent.')
    expect(daemonLog.level).toBe('debug')
  })
})
