import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { registerAdmin } from '../../src/admin/index.ts'
import { adminOptions, READY, stubOperations } from '../unit/admin/stubs.ts'
import { startHouse } from './support/house.ts'
import type { House } from './support/house.ts'
import { exchangeBytes } from './support/raw-client.ts'

/*
 * What a web page in a browser of this host can try. The page knows the port; it cannot choose Host, Origin or
 * Sec-Fetch-Site, and without a preflight it sends only what a form could.
 */

const APP = 'https://app.example'
const EVIL = 'https://evil.example'
const operations = stubOperations([READY])
const manifest = {
  server: { hosts: ['auto', 'models.example'] as readonly string[], cors: ['local', APP] },
}

let house: House
beforeAll(async () => {
  house = await startHouse({ manifest, beforeListen: (app) => registerAdmin(app, adminOptions({ operations })) })
})
afterAll(() => house.close())

interface Sent {
  readonly method?: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

async function send({ method = 'POST', path, headers = {}, body }: Sent) {
  const all = { host: `127.0.0.1:${house.port}`, connection: 'close', ...headers }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  const length = body === undefined ? '' : `content-length: ${body.length}\r\n`
  const client = await exchangeBytes(
    house.port,
    `${method} ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body ?? ''}`,
  )
  const [head = '', ...rest] = client.received.split('\r\n\r\n')
  return { status: Number(head.split(' ')[1]), head: head.toLowerCase(), text: rest.join('\r\n\r\n') }
}

const codeOf = (text: string): string | undefined => /"code":"(\w+)"/.exec(text)?.[1]

describe('a page of elsewhere', () => {
  const unload = '/api/v1/models/unload-all'
  const json = { 'content-type': 'application/json' }
  const cases: readonly (readonly [fear: string, sent: Sent, status: number, code: string])[] = [
    [
      'rebinds its name to read',
      { method: 'GET', path: '/api/v1/models', headers: { host: 'evil.example' } },
      421,
      'host_not_allowed',
    ],
    [
      'rebinds its name to write, with everything else as it should be',
      { path: unload, headers: { ...json, host: 'evil.example', origin: 'http://evil.example' }, body: '{}' },
      421,
      'host_not_allowed',
    ],
    [
      'posts JSON as text/plain',
      { path: unload, headers: { origin: EVIL, 'content-type': 'text/plain' }, body: '{}' },
      403,
      'origin_not_allowed',
    ],
    [
      'posts JSON as text/plain from a browser that names no origin',
      { path: unload, headers: { 'content-type': 'text/plain' }, body: '{}' },
      415,
      'media_type_unsupported',
    ],
    [
      'sends a form',
      { path: unload, headers: { origin: EVIL, 'content-type': 'application/x-www-form-urlencoded' }, body: '{}=' },
      403,
      'origin_not_allowed',
    ],
    [
      'sends a form from a browser that names no origin',
      { path: unload, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: '{}=' },
      415,
      'media_type_unsupported',
    ],
    [
      'sends an empty form',
      { path: unload, headers: { 'content-type': 'multipart/form-data; boundary=x' }, body: '' },
      415,
      'media_type_unsupported',
    ],
    [
      'sends JSON past the preflight',
      { path: unload, headers: { ...json, origin: EVIL }, body: '{}' },
      403,
      'origin_not_allowed',
    ],
    ['sends no body at all', { path: unload, headers: { origin: EVIL } }, 403, 'origin_not_allowed'],
    [
      'sends no body and no origin',
      { path: unload, headers: { 'sec-fetch-site': 'cross-site' } },
      403,
      'origin_not_allowed',
    ],
    [
      'hides behind a sandbox',
      { path: unload, headers: { ...json, origin: 'null' }, body: '{}' },
      403,
      'origin_not_allowed',
    ],
    [
      'is of this host, on another port',
      { path: unload, headers: { ...json, origin: 'http://localhost:3000' }, body: '{}' },
      403,
      'origin_not_allowed',
    ],
    [
      'is listed, but not for this',
      { path: unload, headers: { ...json, origin: APP }, body: '{}' },
      403,
      'origin_not_allowed',
    ],
    [
      'asks whether it may, for an operator’s route',
      { method: 'OPTIONS', path: unload, headers: { origin: APP, 'access-control-request-method': 'POST' } },
      403,
      'origin_not_allowed',
    ],
    ['shows an image whose address acts', { method: 'GET', path: unload }, 405, 'method_not_allowed'],
    [
      'asks a model',
      { path: '/v1/chat/completions', headers: { ...json, origin: EVIL }, body: '{"model":"m"}' },
      403,
      'origin_not_allowed',
    ],
    [
      'asks whether it may ask a model',
      {
        method: 'OPTIONS',
        path: '/v1/chat/completions',
        headers: { origin: EVIL, 'access-control-request-method': 'POST' },
      },
      403,
      'origin_not_allowed',
    ],
  ]
  test.each(cases)('%s', async (_, sent, status, code) => {
    const { status: got, head, text } = await send(sent)
    expect([got, codeOf(text)]).toEqual([status, code])
    expect(head).not.toContain('access-control')
    expect(operations.calls).toEqual([])
    expect(house.admission.asked).toEqual([])
  })

  test('can make a GET happen, and not read what comes', async () => {
    for (const path of ['/api/v1/models', '/v1/models']) {
      const { status, head } = await send({ method: 'GET', path, headers: { origin: EVIL } })
      expect(status).toBe(200)
      expect(head).not.toContain('access-control')
    }
  })
})

describe('a page of this server', () => {
  test.each(['127.0.0.1', 'models.example'])('may act (%s)', async (name) => {
    operations.calls.length = 0
    const host = `${name}:${house.port}`
    const headers = { host, origin: `http://${host}`, 'content-type': 'application/json' }
    const { status } = await send({ path: '/api/v1/models/unload', headers, body: '{"model":"org/ready"}' })
    expect(status).toBe(200)
    expect(operations.calls).toEqual([['unload', 'org/ready']])
  })
})

describe('a page of `server.cors`', () => {
  const origins = [APP, 'http://localhost:3000', 'http://127.0.0.1:5173', 'https://[::1]:8443']

  test.each(origins)('%s is told before that it may ask models, with every header it named', async (origin) => {
    const asked = 'authorization,content-type,x-stainless-lang'
    const headers = { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': asked }
    const { status, head, text } = await send({ method: 'OPTIONS', path: '/v1/chat/completions', headers })
    expect([status, text]).toEqual([204, ''])
    expect(head).toContain(`access-control-allow-origin: ${origin}`)
    expect(head).toContain('access-control-allow-methods: post')
    expect(head).toContain(`access-control-allow-headers: ${asked}`)
    expect(head).toContain('vary: origin')
    expect(head).not.toContain('access-control-allow-credentials')
  })

  test('reads answers, errors among them, with our headers', async () => {
    const refused = await send({
      path: '/v1/chat/completions',
      headers: { origin: APP, 'content-type': 'application/json' },
      body: '{"model":"nobody"}',
    })
    const crashed = await send({
      path: '/v1/chat/completions',
      headers: { origin: APP, 'content-type': 'application/json' },
      body: '{"model":"m"}',
    })
    const list = await send({ method: 'GET', path: '/v1/models', headers: { origin: APP } })
    expect([refused.status, crashed.status, list.status]).toEqual([404, 502, 200])
    for (const { head } of [refused, crashed, list]) {
      expect(head.match(/access-control-allow-origin: .*/g)).toEqual([`access-control-allow-origin: ${APP}`])
      expect(head).toMatch(/access-control-expose-headers: .*x-request-id/)
    }
  })

  test('gets nothing of the operations routes', async () => {
    const { head } = await send({ method: 'GET', path: '/metrics', headers: { origin: APP } })
    expect(head).not.toContain('access-control')
  })

  test('a preflight is not answered with what would break its head', async () => {
    const headers = { origin: APP, 'access-control-request-method': 'POST', 'access-control-request-headers': 'a b;c' }
    const { status, head } = await send({ method: 'OPTIONS', path: '/v1/embeddings', headers })
    expect(status).toBe(204)
    expect(head).not.toContain('access-control-allow-headers')
  })
})

test('a manifest that changes is felt by the next request', async () => {
  const before = manifest.server
  const ask = () => send({ method: 'GET', path: '/v1/models', headers: { host: 'new.example', origin: EVIL } })
  expect((await ask()).status).toBe(421)
  manifest.server = { hosts: ['new.example'], cors: [EVIL] }
  const { status, head } = await ask()
  expect(status).toBe(200)
  expect(head).toContain(`access-control-allow-origin: ${EVIL}`)
  expect((await send({ method: 'GET', path: '/livez' })).status).toBe(421)
  manifest.server = before
})
