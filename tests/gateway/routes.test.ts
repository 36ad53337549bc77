import { link, mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { modelView, startHouse } from './support/house.ts'
import type { House } from './support/house.ts'
import { post, rawClient } from './support/raw-client.ts'
import { ask, errorOf } from './support/scene.ts'

let house: House
let directory: string
let localPath: string

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'gateway-'))
  localPath = join(directory, 'admin.sock')
  house = await startHouse({
    models: [
      modelView('llama', { aliases: ['coder'], contextLength: 2048, root: '/models/llama.gguf' }),
      modelView('org/name', { status: 'unloaded', capabilities: new Set(['embeddings']) }),
    ],
    beforeListen: (app) => {
      app.post('/api/v1/models/load', (request) => ({ body: request.body }))
      app.get('/api/v1/broken', () => {
        throw new Error('secret detail')
      })
    },
  })
  await house.gateway.listenLocal(localPath)
})

afterAll(async () => {
  await house.close()
  await rm(directory, { recursive: true })
})

beforeEach(() => {
  house.view.stage = 'serving'
})

const get = (path: string, init?: RequestInit): Promise<Response> => fetch(house.url + path, init)

describe('models', () => {
  test('the list has every model, loaded or not, and wakes none', async () => {
    const response = await get('/v1/models')
    const { object, data } = (await response.json()) as { object: string; data: Record<string, unknown>[] }
    expect(object).toBe('list')
    expect(data.map(({ id }) => id)).toEqual(['llama', 'org/name'])
    expect(data[0]).toMatchObject({
      object: 'model',
      owned_by: 'enginehouse',
      root: '/models/llama.gguf',
      aliases: ['coder'],
      context_length: 2048,
      status: { value: 'loaded' },
    })
    expect(data[1]).toMatchObject({ status: { value: 'unloaded' }, loaded: false })
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    expect(house.admission.asked).toEqual([])
  })

  test.each([
    ['/v1/models/llama', 'llama'],
    ['/v1/models/coder', 'llama'],
    ['/v1/models/org/name', 'org/name'],
    ['/v1/models/org%2Fname', 'org/name'],
  ])('%s is %s', async (path, id) => {
    expect(await (await get(path)).json()).toMatchObject({ id })
  })

  test('an unknown one is 404 with the names that are near', async () => {
    const response = await get('/v1/models/lama')
    expect(response.status).toBe(404)
    expect(await errorOf(response)).toMatchObject({
      code: 'model_not_found',
      param: 'model',
      message: expect.stringContaining('llama') as string,
    })
  })
})

describe('health', () => {
  test('live, ready and healthy until the daemon stops; then live only', async () => {
    expect([(await get('/livez')).status, (await get('/readyz')).status]).toEqual([200, 200])
    expect(await (await get('/health')).json()).toEqual({
      status: 'ok',
      models: { total: 2, loaded: 1, loading: 0, failed: 0 },
    })
    house.view.stage = 'recovering'
    expect((await errorOf(await get('/readyz'))).code).toBe('recovering')
    house.view.stage = 'stopping'
    const ready = await get('/readyz')
    expect([(await get('/livez')).status, ready.status]).toEqual([200, 503])
    expect((await errorOf(ready)).code).toBe('shutting_down')
    expect(await (await get('/health')).json()).toMatchObject({ status: 'stopping' })
  })

  test('the root is one line of text, and HEAD is as good as GET', async () => {
    expect(await (await get('/')).text()).toMatch(/^[^\n]+\n$/)
    expect((await get('/health', { method: 'HEAD' })).status).toBe(200)
  })

  test('metrics are text for Prometheus; one model’s own are not built', async () => {
    const response = await get('/metrics')
    expect(response.headers.get('content-type')).toMatch(/^text\/plain/)
    expect(await response.text()).toContain('enginehouse_model_state{model="llama",state="loaded"} 1')
    const one = await get('/metrics?model=llama')
    expect([one.status, (await errorOf(one)).code]).toEqual([400, 'not_supported'])
  })
})

describe('paths and methods', () => {
  test.each([
    ['GET', '/v1/nothing', 404, 'route_not_found'],
    ['POST', '/v1/nothing', 404, 'route_not_found'],
    ['GET', '/v1/chat/completions/', 404, 'route_not_found'],
    ['POST', '/v1/audio/whistles', 404, 'route_not_found'],
    ['POST', '/api/chat', 404, 'route_not_supported'],
    ['GET', '/v1/messages', 405, 'method_not_allowed'],
    ['GET', '/v1/models/inventory', 404, 'route_not_supported'],
    ['POST', '/v1/models/download', 404, 'route_not_supported'],
    ['GET', '/upstream/llama/props', 404, 'route_not_supported'],
    ['GET', '/v1/chat/completions', 405, 'method_not_allowed'],
    ['DELETE', '/v1/models/llama', 405, 'method_not_allowed'],
    ['PROPFIND', '/v1/models', 405, 'method_not_allowed'],
    ['OPTIONS', '/v1/chat/completions', 405, 'method_not_allowed'],
    ['POST', '/health', 405, 'method_not_allowed'],
    ['GET', '/api/v1/models/load', 405, 'method_not_allowed'],
  ])('%s %s', async (method, path, status, code) => {
    const response = await get(path, { method })
    expect([response.status, (await errorOf(response)).code]).toEqual([status, code])
    expect(response.headers.has('allow')).toBe(status === 405)
  })

  test('a 405 names what the path does take', async () => {
    expect((await get('/v1/embeddings')).headers.get('allow')).toBe('POST')
    expect((await get('/v1/models', { method: 'PUT' })).headers.get('allow')).toBe('GET, HEAD')
  })
})

describe('bodies', () => {
  test.each([
    ['{"model":"lama"}', 404, 'model_not_found'],
    ['{"model":""}', 404, 'model_not_found'],
    ['{"model":"../llama"}', 404, 'model_not_found'],
    ['{}', 400, 'model_required'],
    ['{"model":"llama","stream":"true"}', 400, 'parameter_invalid'],
    ['{"model":"llama","ttl":60}', 400, 'not_supported'],
    ['{"model":"org/name"}', 404, 'unsupported_endpoint'],
    ['[]', 400, 'json_invalid'],
    ['', 400, 'json_invalid'],
    [`{"model":"llama","x":"${'x'.repeat(1024 * 1024)}"}`, 413, 'body_too_large'],
  ])('%.40s', async (body, status, code) => {
    const response = await ask(house, body)
    expect([response.status, (await errorOf(response)).code]).toEqual([status, code])
    expect(response.headers.get('x-should-retry')).toBe('false')
    expect(response.headers.get('x-request-id')).toMatch(/^req_/)
    expect(house.admission.asked).toEqual([])
  })

  test('a body far above the limit is refused in words, not by a broken connection', async () => {
    const response = await ask(house, 'x'.repeat(20 * 1024 * 1024))
    expect([response.status, (await errorOf(response)).code]).toEqual([413, 'body_too_large'])
    expect(response.headers.get('connection')).toBe('close')
  })

  test('an unknown wish for cold models is refused', async () => {
    const response = await ask(house, { model: 'llama' }, { 'x-enginehouse-on-cold': 'maybe' })
    expect(await errorOf(response)).toMatchObject({ code: 'parameter_invalid', param: 'x-enginehouse-on-cold' })
  })

  test('refused requests are counted under no model', async () => {
    expect(await house.scrape()).toMatch(
      /requests_total\{model="unknown",route="\/v1\/chat\/completions",outcome="refused"\} \d+/,
    )
  })
})

describe('other rooms', () => {
  test('share the error path, and nothing of an unknown error leaves', async () => {
    const broken = await get('/api/v1/broken')
    expect(broken.status).toBe(500)
    const text = await broken.text()
    expect(text).toContain('"code":"internal"')
    expect(text).not.toContain('secret')
    expect(house.logLines.join('')).toContain('secret detail')
    const invalid = await get('/api/v1/models/load', {
      method: 'POST',
      body: '{',
      headers: { 'content-type': 'application/json' },
    })
    expect([invalid.status, (await errorOf(invalid)).code]).toEqual([400, 'json_invalid'])
  })

  test('answer on the admin socket whatever the Host, as the file system has said who is there', async () => {
    const client = rawClient({ path: localPath })
    const headers = 'connection: close\r\norigin: https://any.example\r\n'
    client.write(post('{"a":1}', { path: '/api/v1/models/load', headers }).replace('localhost', 'any.example'))
    await client.closed
    expect(client.received).toContain('{"body":{"a":1}}')
  })
})

describe('listening', () => {
  test('a taken port is said so, and the same gateway can listen elsewhere', async () => {
    const other = await startHouse({ listen: false })
    await expect(other.gateway.listen({ kind: 'tcp', host: '127.0.0.1', port: house.port })).rejects.toMatchObject({
      code: 'address_in_use',
      facts: { address: `127.0.0.1:${house.port}` },
    })
    expect(await other.gateway.listen({ kind: 'tcp', host: '127.0.0.1', port: 0 })).toMatchObject({ kind: 'tcp' })
    await other.close()
  })

  test('an address that is not ours is said so', async () => {
    const other = await startHouse({ listen: false })
    await expect(other.gateway.listen({ kind: 'tcp', host: '192.0.2.1', port: 0 })).rejects.toMatchObject({
      code: 'listen_failed',
    })
    await other.close()
  })

  test('a socket that somebody answers on is taken; one that nobody does is replaced', async () => {
    const other = await startHouse({ listen: false })
    await expect(other.gateway.listenLocal(localPath)).rejects.toMatchObject({ code: 'address_in_use' })
    const stale = join(directory, 'stale.sock')
    const dead = createServer()
    await new Promise<void>((resolve) => dead.listen(stale, resolve))
    // Node removes the file on close; a killed daemon does not.
    await link(stale, `${stale}.kept`)
    await new Promise((resolve) => dead.close(resolve))
    await other.gateway.listenLocal(`${stale}.kept`)
    await other.close()
  })
})
