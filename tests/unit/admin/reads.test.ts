import { describe, expect, it } from 'vitest'

import type {
  AdminOptions,
  ClearedShape,
  DeviceShape,
  ModelShape,
  StatusShape,
  WholeModelShape,
} from '../../../src/admin/index.ts'
import type {
  ClearedAnswer,
  DeviceAnswer,
  ModelAnswer,
  StatusAnswer,
  WholeModelAnswer,
} from '../../../src/cli/answers.ts'
import type { JournalRecord } from '../../../src/core/index.ts'
import { modelSpec } from '../../fixtures/model-spec.ts'
import { admin, HOST, modelView, NOW, stubJournal, stubOperations } from './stubs.ts'

const GIB = 1024 ** 3

describe('models', () => {
  const shape = {
    id: 'org/ready',
    engine: 'llama-server',
    phase: 'ready',
    status: { value: 'loaded' },
    aliases: ['default'],
    root: '/models/org/ready.gguf',
    context_length: 8192,
    capabilities: ['chat', 'completions'],
    ttl_ms: 300_000,
    keep: 'auto',
    pinned: null,
    fetched_bytes: null,
    devices: ['host'],
    claim: { host: { bytes: 2 * GIB, origin: 'formula', parts: null } },
    instance: {
      id: 'ready-1',
      pid: 4711,
      argv: ['llama-server', '-m', 'x.gguf'],
      started_at: '2026-01-31T13:59:00.000Z',
      ready_at: '2026-01-31T13:59:01.250Z',
      progress: 1,
      step: null,
      figures: null,
    },
    leases: 1,
    waiting: 0,
    last_byte_at: '2026-01-31T13:59:59.000Z',
    unload_at: '2026-01-31T14:04:59.000Z',
    load_seconds: { last: 1.25, learned: 2 },
    last_reason: null,
    failure: null,
  }

  it.each(['/models/org/ready', '/models/org%2Fready', '/models/default'])('%s', async (path) => {
    const response = await (await admin()).inject(`/api/v1${path}`)
    const { settings, variant, ...rest } = response.json()
    expect([response.statusCode, rest, variant]).toEqual([200, shape, null])
    expect(settings).toMatchObject({ gpus: 'none', parallel: 1, start: { attempts: 5, window_ms: 600_000 } })
  })

  it('with its settings, and of variables for the engine the names alone', async () => {
    const secret = modelView('m', {
      spec: modelSpec({
        source: [{ kind: 'file', path: '/m.gguf' }],
        gpus: { kind: 'count', count: 2 },
        env: { HF_TOKEN: 'hf_secret' },
        variants: [modelSpec({ context: 1024, gpus: { kind: 'list', gpus: [0] } })],
      }),
    })
    const response = await (await admin({ operations: stubOperations([secret]) })).inject('/api/v1/models/m')
    expect(response.body).not.toContain('hf_secret')
    expect(response.json().settings).toMatchObject({
      source: ['file:/m.gguf'],
      gpus: { count: 2 },
      env: ['HF_TOKEN'],
      variants: [{ context: 1024, gpus: [0] }],
    })
  })

  it('all, in the order of the manifest', async () => {
    const { models } = (await (await admin()).inject('/api/v1/models')).json()
    expect(models.map((each: ModelShape) => each.id)).toEqual(['org/ready', 'cold'])
  })

  it('a failure with when it is tried again, a pin with when it ends', async () => {
    const failure = { class: 'gpu_oom', message: 'out of memory', retryAt: NOW + 1000, logTail: ['a'] } as const
    const operations = stubOperations([modelView('m', { failure, pinned: { until: NOW }, lastReason: 'crashed' })])
    const model = (await (await admin({ operations })).inject('/api/v1/models/m')).json()
    expect(model).toMatchObject({
      failure: { class: 'gpu_oom', message: 'out of memory', retry_at: '2026-01-31T14:00:01.000Z', log_tail: ['a'] },
      pinned: { until: '2026-01-31T14:00:00.000Z' },
      last_reason: 'crashed',
    })
  })

  it('one that is not there is 404 with the nearest name', async () => {
    const response = await (await admin()).inject('/api/v1/models/org/raedy')
    expect(response.statusCode).toBe(404)
    expect(response.json().error).toMatchObject({ code: 'model_not_found', facts: { nearest: ['org/ready'] } })
  })
})

describe('engines', () => {
  it('tells which are here', async () => {
    const response = await (await admin()).inject('/api/v1/engines')
    expect(response.json()).toEqual({
      engines: [{ name: 'llama-server', state: 'found', path: '/opt/llama-server' }],
    })
  })
})

describe('requests', () => {
  const waiting = {
    id: 'req_1',
    clientId: 'mine',
    model: 'cold',
    route: '/v1/chat/completions',
    stream: true,
    instance: null,
    age: 1500.4,
    firstByteAfter: null,
  }
  const shown = {
    id: 'req_1',
    client_request: 'mine',
    model: 'cold',
    route: '/v1/chat/completions',
    stream: true,
    state: 'waiting',
    instance: null,
    started_at: '2026-01-31T13:59:58.500Z',
    age_ms: 1500,
    first_byte_ms: null,
  }
  const running = { ...waiting, id: 'req_2', instance: 'ready-1', firstByteAfter: 20.6 }
  const called: string[] = []
  const requests: AdminOptions['requests'] = {
    all: () => [waiting, running],
    cancel(id) {
      called.push(id)
      return id === 'mine' ? [waiting] : []
    },
  }

  it('are those that wait and those that are answered', async () => {
    const response = await (await admin({ requests })).inject('/api/v1/requests')
    expect(response.json()).toEqual({
      requests: [shown, { ...shown, id: 'req_2', state: 'running', instance: 'ready-1', first_byte_ms: 21 }],
    })
  })

  it('are cancelled by id, with no body or an empty one', async () => {
    const app = await admin({ requests })
    const url = '/api/v1/requests/mine/cancel'
    expect((await app.inject({ method: 'POST', url })).json()).toEqual({ cancelled: [shown] })
    expect((await app.inject({ method: 'POST', url, payload: {} })).json()).toEqual({ cancelled: [shown] })
    const other = await app.inject({ method: 'POST', url: '/api/v1/requests/other/cancel' })
    expect([other.statusCode, other.json().error.code]).toEqual([404, 'request_not_running'])
    const field = await app.inject({ method: 'POST', url, payload: { force: true } })
    expect([field.statusCode, field.json().error.code]).toEqual([400, 'parameter_invalid'])
    expect(called).toEqual(['mine', 'mine', 'other'])
  })
})

describe('devices', () => {
  it('tells measured use, and what of it is not ours', async () => {
    const { devices } = (await (await admin()).inject('/api/v1/devices')).json()
    expect(devices).toEqual([
      {
        id: 'host',
        kind: 'host',
        index: 0,
        name: 'host',
        total: 32 * GIB,
        reserve: 6 * GIB,
        measured_used: 12 * GIB,
        measured_at: '2026-01-31T14:00:00.000Z',
        foreign: 10 * GIB,
        claims: [{ model: 'org/ready', instance: 'ready-1', bytes: 2 * GIB, phase: 'ready' }],
        quarantined: 0,
        free: 18 * GIB,
      },
    ])
  })

  it('never takes what is not measured for zero', async () => {
    const operations = stubOperations([])
    const view = { ...operations.view, devices: () => [{ ...HOST, measuredFree: null }] }
    const { devices } = (await (await admin({ operations: { ...operations, view } })).inject('/api/v1/devices')).json()
    expect(devices[0]).toMatchObject({ measured_used: null, foreign: null })
  })
})

describe('queue and status', () => {
  it('shows who waits', async () => {
    const response = await (await admin()).inject('/api/v1/queue')
    expect(response.json()).toEqual({ queue: [{ request: 'r-1', model: 'cold', since: '2026-01-31T13:59:55.000Z' }] })
  })

  it('shows the daemon', async () => {
    expect((await (await admin()).inject('/api/v1/status')).json()).toEqual({
      version: '0.1.0',
      pid: process.pid,
      started_at: '2026-01-31T11:55:00.000Z',
      uptime_seconds: 7500,
      listen: 'http://127.0.0.1:8080',
      manifest: '/etc/m.yaml',
      state_directory: '/state',
      stage: 'serving',
      models: { total: 2, loaded: 1, loading: 0, failed: 0 },
      waiting: 1,
    })
  })
})

describe('explain', () => {
  const records: readonly JournalRecord[] = [
    { seq: 1, at: NOW, kind: 'wanted', model: 'cold', cause: [], evidence: { request: 'r-1', waiting: 1 } },
    { seq: 2, at: NOW, kind: 'ready', model: 'cold', instance: 'cold-1', cause: [1], evidence: { loadTime: 1250 } },
  ]

  it.each(['model=cold', 'request=r-1'])('%s', async (query) => {
    const response = await (await admin({ journal: stubJournal(records) })).inject(`/api/v1/explain?${query}`)
    expect(response.statusCode).toBe(200)
    const [key, value] = query.split('=')
    expect(response.json()).toMatchObject({ subject: { [String(key)]: value }, summary: expect.any(String) })
    expect(response.json().records[0]).toMatchObject({ seq: 1, at: '2026-01-31T14:00:00.000Z', kind: 'wanted' })
  })

  it.each([
    ['2026-01-31T13:59:59.999Z', ['wanted']],
    ['2026-01-31T14:00:00Z', ['wanted', 'ready']],
    ['1s', ['wanted']],
  ])('tells how it stood at %s', async (at, kinds) => {
    const earlier = records.map((record, index) => ({ ...record, at: NOW - 2000 + index * 2000 }))
    const app = await admin({ journal: stubJournal(earlier) })
    const response = await app.inject(`/api/v1/explain?model=cold&at=${at}`)
    expect(response.json().records.map(({ kind }: { kind: string }) => kind)).toEqual(kinds)
  })

  it.each([
    ['', 400, 'parameter_invalid'],
    ['model=cold&at=soon', 400, 'parameter_invalid'],
    ['model=cold&request=r-1', 400, 'parameter_invalid'],
    ['model=nobody', 404, 'model_not_found'],
    ['request=r-9', 404, 'request_not_found'],
    ['modle=cold', 400, 'parameter_invalid'],
    ['model=cold&model=cold', 400, 'parameter_invalid'],
  ])('%j is %d %s', async (query, status, code) => {
    const response = await (await admin({ journal: stubJournal(records) })).inject(`/api/v1/explain?${query}`)
    expect([response.statusCode, response.json().error.code]).toEqual([status, code])
  })
})

it('the commands read what the routes send', () => {
  // The types are the check: a shape that loses what a command reads does not compile.
  const models: (shape: ModelShape) => ModelAnswer = (shape) => shape
  const devices: (shape: DeviceShape) => DeviceAnswer = (shape) => shape
  const daemon: (shape: StatusShape) => StatusAnswer = (shape) => shape
  const whole: (shape: WholeModelShape) => WholeModelAnswer = (shape) => shape
  const cleared: (shape: ClearedShape) => ClearedAnswer = (shape) => shape
  expect([models, devices, daemon, whole, cleared]).toHaveLength(5)
})
