import { assert, describe, expect, it } from 'vitest'

import type { Configuration } from '../../../src/admin/index.ts'
import type { JournalRecord } from '../../../src/core/index.ts'
import { EnginehouseError, GIB } from '../../../src/core/index.ts'
import { diffManifests } from '../../../src/manifest/index.ts'
import { parse } from '../manifest/helpers.ts'
import { admin, modelView, NOW, READY, stubOperations } from './stubs.ts'

const NOW_TEXT = 'version: 1\nmodels:\n  a: { engine: command, command: [x] }\n'
const NEXT_TEXT =
  'version: 1\nserver: { max_body: 1MiB }\nmodels:\n  b: { engine: command, command: [x], memory: 9GiB }\n'

function read(text: string) {
  const result = parse(text)
  assert(result.kind === 'manifest')
  return result
}

function configuration(more: Partial<Configuration> = {}): Configuration {
  const now = read(NOW_TEXT)
  return {
    current: () => now.manifest,
    settings: now.settings,
    read: async (text) => parse(text),
    foresee: async () => [
      {
        model: 'b',
        sources: [],
        need: { perGpu: null, host: 9 * GIB, origin: 'declared' },
        fit: { fits: false, device: 'host', needed: 9 * GIB, largest: 8 * GIB },
      },
    ],
    reload: async () => ({ kind: 'unchanged' }),
    ...more,
  }
}

async function post(url: string, body: object, more: Partial<Configuration> = {}, options = {}) {
  const app = await admin({ configuration: configuration(more), ...options })
  const response = await app.inject({ method: 'POST', url: `/api/v1${url}`, payload: body })
  return { status: response.statusCode, body: response.json() }
}

it('GET /config has every value that holds', async () => {
  const app = await admin({ configuration: configuration() })
  const { manifest, settings } = (await app.inject({ url: '/api/v1/config' })).json()
  expect(manifest).toBe('/etc/m.yaml')
  expect(settings).toContainEqual({
    key: 'models.a.command',
    path: ['models', 'a', 'command'],
    value: ['x'],
    origin: { from: 'manifest', file: '/etc/test/enginehouse.yaml', line: 3 },
  })
  const bare = await admin()
  expect((await bare.inject({ url: '/api/v1/config' })).json()).toEqual({ manifest: '/etc/m.yaml', settings: [] })
})

describe('POST /validate', () => {
  it('lists the problems of a text, or its models', async () => {
    expect(await post('/validate', { manifest: NEXT_TEXT })).toEqual({
      status: 200,
      body: { valid: true, models: ['b'], problems: [], warnings: [] },
    })
    const { status, body } = await post('/validate', { manifest: 'version: 1\nmodells: {}' })
    expect([status, body.valid]).toEqual([200, false])
    expect(body.problems).toContainEqual(
      expect.objectContaining({ code: 'manifest_unknown_key', line: 2, column: 1, nearest: ['models'] }),
    )
  })

  it('takes a text of the largest size, and no larger body', async () => {
    const text = `${NEXT_TEXT}${'#'.repeat(2 ** 20 - NEXT_TEXT.length)}`
    expect((await post('/validate', { manifest: text })).body.valid).toBe(true)
    expect((await post('/validate', { manifest: 'x'.repeat(7 * 2 ** 20) })).status).not.toBe(200)
  })

  it.each([[{}], [{ manifest: 1 }], [{ manifest: 'x', path: '/etc/passwd' }]])('refuses the body %j', async (body) => {
    expect((await post('/validate', body)).body.error.code).toBe('parameter_invalid')
  })
})

describe('POST /plan', () => {
  it('says what would change, what fits and who would leave', async () => {
    const operations = stubOperations([READY, modelView('a')])
    operations.previewed = [stopping('a')]
    const { status, body } = await post('/plan', { manifest: NEXT_TEXT }, {}, { operations })
    expect(status).toBe(200)
    expect(body).toEqual({
      manifest: '/etc/m.yaml',
      models: [
        {
          model: 'b',
          change: 'added',
          relaunch: false,
          keys: [],
          weights: null,
          weights_problem: null,
          need: { per_gpu: null, host: 9 * GIB, origin: 'declared' },
          fits: false,
          lacks: { device: 'host', needed: 9 * GIB, largest: 8 * GIB },
        },
        expect.objectContaining({ model: 'a', change: 'removed', fits: null }),
      ],
      settings: [{ key: 'server.max_body', before: '32MiB', after: '1MiB', restart: true }],
      leaving: ['a'],
      warnings: [],
    })
  })

  it('refuses a text that is wrong with every problem', async () => {
    const { status, body } = await post('/plan', { manifest: 'models: {}\nx: 1' })
    expect([status, body.error.code, body.error.facts.problems]).toEqual([422, 'manifest_invalid', 2])
    expect(body.error.facts.list).toHaveLength(2)
  })

  it('looks at no file for somebody who came by a port', async () => {
    const app = await admin({
      configuration: configuration({ read: () => Promise.reject(new Error('it was read')) }),
      isLocal: () => false,
    })
    for (const url of ['/api/v1/plan', '/api/v1/validate']) {
      const response = await app.inject({
        method: 'POST',
        url,
        payload: { manifest: NEXT_TEXT },
      })
      expect([response.statusCode, response.json().error.code]).toEqual([403, 'admin_socket_only'])
    }
  })

  it('has nothing to compare for a manifest made in memory', async () => {
    const { body } = await post('/plan', { manifest: NEXT_TEXT }, {}, { configuration: null })
    expect(body.error.code).toBe('not_supported')
  })
})

describe('POST /config/reload', () => {
  it('says what changed', async () => {
    const [before, after] = [read(NOW_TEXT), read(NEXT_TEXT)]
    const diff = diffManifests(before.manifest, after.manifest)
    const { manifest, warnings } = after
    const reload = async () => {
      const operation = { records: [], done: Promise.reject(new Error('nobody waits for this')) }
      return { kind: 'reloaded', manifest, warnings, diff, operation } as const
    }
    expect(await post('/config/reload', {}, { reload })).toEqual({
      status: 200,
      body: { changed: true, added: ['b'], removed: ['a'], relaunched: [], restart: ['server.max_body'] },
    })
    expect((await post('/config/reload', {})).body).toMatchObject({ changed: false })
  })

  it('fails with every problem of the file, or with why it cannot be read', async () => {
    const wrong = parse('version: 2\nmodels: {}')
    assert(wrong.kind === 'problems')
    const error = new EnginehouseError('manifest_invalid', { path: '/m', problems: 1 })
    const invalid = await post(
      '/config/reload',
      {},
      { reload: async () => ({ kind: 'refused', error, problems: wrong }) },
    )
    expect([invalid.status, invalid.body.error.facts.list.length]).toEqual([422, 1])
    const gone = new EnginehouseError('manifest_not_found', { looked: ['/m'] })
    const unread = await post(
      '/config/reload',
      {},
      { reload: async () => ({ kind: 'refused', error: gone, problems: null }) },
    )
    expect(unread.body.error.code).toBe('manifest_not_found')
  })

  it('takes no fields', async () => {
    expect((await post('/config/reload', { path: '/x' })).body.error.code).toBe('parameter_invalid')
  })
})

function stopping(model: string): JournalRecord {
  return {
    seq: 1,
    at: NOW,
    kind: 'stopping',
    model,
    instance: `${model}-1`,
    cause: [],
    evidence: { reason: 'manifest_changed', why: { rule: 'manifest', removed: true }, leases: 0 },
  }
}
