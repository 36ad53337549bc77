import { describe, expect, it } from 'vitest'

import { admin, modelView, READY, stubOperations } from './stubs.ts'

const GIB = 1024 ** 3

describe('what single-host model servers tell', () => {
  it('loaded: models in memory, and no others', async () => {
    const free = modelView('free', { engine: 'command', phase: 'ready', status: 'loaded', ttl: null })
    const operations = stubOperations([READY, modelView('cold'), free])
    expect((await (await admin({ operations })).inject('/v1/models/loaded')).json()).toEqual({
      models: [
        {
          model: 'org/ready',
          backend: 'llamacpp',
          device: 'host',
          loaded_at: '2026-01-31T13:59:01.250Z',
          last_used: '2026-01-31T13:59:59.000Z',
          ttl: 300,
          expires_at: '2026-01-31T14:04:59.000Z',
          memory_bytes: 2 * GIB,
        },
        {
          model: 'free',
          backend: 'command',
          device: 'host',
          loaded_at: null,
          last_used: null,
          ttl: null,
          expires_at: null,
          memory_bytes: 0,
        },
      ],
      count: 2,
    })
  })

  it('stats: every reason of the closed list, also those that have not happened', async () => {
    expect((await (await admin()).inject('/v1/models/stats')).json()).toEqual({
      hits: 7,
      misses: 2,
      loads: 2,
      evictions: {
        ttl_expired: 1,
        evicted_for: 0,
        operator: 0,
        manifest_changed: 0,
        crashed: 0,
        out_of_memory: 0,
        health_failed: 0,
        shutdown: 0,
        upgrade: 0,
      },
      loaded: 1,
      memory: { host: { used: 12 * GIB, total: 32 * GIB } },
    })
  })

  it('health: the daemon in short', async () => {
    expect((await (await admin()).inject('/v1/health')).json()).toEqual({
      status: 'ok',
      version: '0.1.0',
      started_at: '2026-01-31T11:55:00.000Z',
      uptime_seconds: 7500,
      models: { total: 2, loaded: 1, loading: 0, failed: 0 },
      devices: [{ id: 'host', used: 12 * GIB, total: 32 * GIB }],
    })
  })

  it('unload-all: the native action under its other name', async () => {
    const operations = stubOperations([READY])
    const app = await admin({ operations })
    const answer = await app.inject({ method: 'POST', url: '/v1/models/unload-all' })
    expect(answer.json()).toEqual({ unloaded: [], skipped: [{ model: 'org/ready', why: 'it is ready' }] })
    expect(operations.calls).toEqual([['unloadAll']])
    const wrong = await app.inject({ method: 'POST', url: '/v1/models/unload-all', payload: { force: true } })
    expect([wrong.statusCode, wrong.json().error.code]).toEqual([400, 'parameter_invalid'])
  })

  it.each(['/v1/models/loaded', '/v1/models/stats', '/v1/health', '/version'])('%s takes no query', async (url) => {
    const response = await (await admin()).inject(`${url}?a=1`)
    expect([response.statusCode, response.json().error.code]).toEqual([400, 'parameter_invalid'])
  })
})

describe('what the daemon tells of itself', () => {
  it('its version', async () => {
    expect((await (await admin()).inject('/version')).json()).toEqual({ version: '0.1.0', node: process.versions.node })
  })

  it('the schema of its manifest', async () => {
    const response = await (await admin()).inject('/schema/manifest.json')
    expect(response.headers['content-type']).toMatch(/^application\/schema\+json/)
    expect(response.json()).toMatchObject({ type: 'object', properties: { models: {} } })
  })
})
