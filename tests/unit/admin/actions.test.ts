import { describe, expect, it } from 'vitest'

import type { CandidateEvidence, JournalRecord } from '../../../src/core/index.ts'
import { EnginehouseError } from '../../../src/core/index.ts'
import type { AdminOptions } from '../../../src/admin/index.ts'
import { admin, modelView, NOW, READY, stubJournal, type StubOperations, stubOperations } from './stubs.ts'

const GIB = 1024 ** 3
const MODELS = [READY, modelView('cold', { aliases: ['c'] })]

const candidate: CandidateEvidence = {
  devices: [
    {
      device: 'host',
      needed: 6 * GIB,
      total: 32 * GIB,
      reserve: GIB,
      claimed: 29 * GIB,
      promised: 0,
      measuredFree: 3 * GIB,
      free: 2 * GIB,
    },
  ],
  evict: [{ model: 'org/ready', instance: 'ready-1', bytes: 4 * GIB, idleFor: 12_000, priority: 'normal' }],
  spared: [],
  verdict: 'fits_after_eviction',
}

function planned(action: 'start' | 'evict' | 'wait' | 'refuse'): JournalRecord {
  const chosen = action === 'refuse' ? null : 0
  return {
    seq: 5,
    at: NOW,
    kind: 'planned',
    model: 'cold',
    cause: [4],
    evidence: { action, candidates: [candidate], chosen },
  }
}

const stopping: JournalRecord = {
  seq: 6,
  at: NOW,
  kind: 'stopping',
  model: 'org/ready',
  instance: 'ready-1',
  cause: [5],
  evidence: { reason: 'operator', why: { rule: 'operator' }, leases: 1 },
}

async function post(operations: StubOperations, action: string, payload?: unknown, more: Partial<AdminOptions> = {}) {
  // What an operation decided is in the journal too.
  const { records, done } = operations.answer()
  done.catch(() => undefined)
  const journal = stubJournal(records)
  const app = await admin({ operations, journal, ...more })
  const body =
    payload === undefined ? {} : { payload: JSON.stringify(payload), headers: { 'content-type': 'application/json' } }
  const response = await app.inject({ method: 'POST', url: `/api/v1/models/${action}`, ...body })
  return { status: response.statusCode, body: response.json() }
}

describe('load', () => {
  it.each([
    ['start', 'start', 'host', [{ model: 'org/ready', bytes: 4 * GIB, why: 'idle for 12s, priority normal' }]],
    ['evict', 'start', 'host', [{ model: 'org/ready', bytes: 4 * GIB, why: 'idle for 12s, priority normal' }]],
    ['wait', 'wait', 'host', [{ model: 'org/ready', bytes: 4 * GIB, why: 'idle for 12s, priority normal' }]],
    ['refuse', 'refuse', null, []],
  ] as const)('a plan to %s is the decision %s', async (plan, action, device, evict) => {
    const operations = stubOperations(MODELS)
    operations.answer = () => ({ records: [planned(plan)], done: Promise.resolve() })
    const { status, body } = await post(operations, 'load', { model: 'c' })
    expect(status).toBe(200)
    expect(operations.calls).toEqual([['load', 'cold']])
    expect(body.decision).toMatchObject({ action, device, evict })
    expect(body.model.id).toBe('cold')
  })

  it('shows the evidence of the plan in snake_case, spans in _ms', async () => {
    const operations = stubOperations(MODELS)
    operations.answer = () => ({ records: [planned('evict')], done: Promise.resolve() })
    const { body } = await post(operations, 'load', { model: 'cold' })
    expect(body.decision.evidence.candidates[0]).toMatchObject({
      devices: [{ measured_free: 3 * GIB, needed: 6 * GIB }],
      evict: [{ idle_for_ms: 12_000 }],
      verdict: 'fits_after_eviction',
    })
  })

  it('says already for a ready model, wait for one whose weights are on the way', async () => {
    const operations = stubOperations(MODELS)
    expect((await post(operations, 'load', { model: 'default' })).body.decision).toMatchObject({
      action: 'already',
      device: 'host',
    })
    operations.answer = () => ({
      records: [{ seq: 1, at: NOW, kind: 'fetch', model: 'cold', cause: [], evidence: {} }],
      done: Promise.resolve(),
    })
    expect((await post(operations, 'load', { model: 'cold' })).body.decision).toEqual({
      action: 'wait',
      device: null,
      evict: [],
      evidence: { waits_for: 'weights' },
    })
  })

  it('tells who waited the plan that came after the weights', async () => {
    const operations = stubOperations(MODELS)
    const fetch: JournalRecord = { seq: 3, at: NOW, kind: 'fetch', model: 'cold', cause: [], evidence: {} }
    operations.answer = () => ({ records: [fetch], done: Promise.resolve() })
    const before: JournalRecord = { ...planned('refuse'), seq: 2 }
    const journal = stubJournal([before, fetch, planned('evict'), { ...planned('start'), seq: 8 }])
    const ask = async (wait: boolean) =>
      (await post(operations, 'load', { model: 'cold', wait }, { journal })).body.decision
    expect(await ask(true)).toMatchObject({ action: 'start', device: 'host', evict: [{ model: 'org/ready' }] })
    expect(await ask(false)).toMatchObject({ action: 'wait', evidence: { waits_for: 'weights' } })
  })

  it('waits for the outcome, and fails as a request would', async () => {
    const operations = stubOperations(MODELS)
    const facts = { model: 'cold', class: 'exited', detail: 'it ended', retryAt: null }
    operations.answer = () => ({
      records: [planned('start')],
      done: Promise.reject(new EnginehouseError('model_failed', facts)),
    })
    const { status, body } = await post(operations, 'load', { model: 'cold' })
    expect([status, body.error.code]).toEqual([503, 'model_failed'])
  })

  it('does not wait when it is told so, whatever the outcome', async () => {
    const operations = stubOperations(MODELS)
    const failing = new EnginehouseError('shutting_down', {})
    operations.answer = () => ({ records: [planned('refuse')], done: Promise.reject(failing) })
    const refused = await post(operations, 'load', { model: 'cold', wait: false })
    expect([refused.status, refused.body.decision.action]).toEqual([200, 'refuse'])
    operations.answer = () => ({ records: [planned('start')], done: new Promise(() => undefined) })
    expect((await post(operations, 'load', { model: 'cold', wait: false })).body.decision.action).toBe('start')
  })

  it('only previews a dry run', async () => {
    const operations = stubOperations(MODELS)
    operations.previewed = [planned('evict')]
    const { body } = await post(operations, 'load', { model: 'cold', dry_run: true })
    expect(body.decision.action).toBe('start')
    expect(operations.calls).toEqual([['preview', { kind: 'load', model: 'cold', request: 'dry-run' }]])
  })
})

describe('unload', () => {
  it('is the decision to unload, or already', async () => {
    const operations = stubOperations(MODELS)
    operations.answer = () => ({ records: [stopping], done: Promise.resolve() })
    const { body } = await post(operations, 'unload', { model: 'default' })
    expect(body.decision).toMatchObject({
      action: 'unload',
      device: 'host',
      evidence: { reason: 'operator', leases: 1 },
    })
    expect(operations.calls).toEqual([['unload', 'org/ready']])
    operations.answer = () => ({ records: [], done: Promise.resolve() })
    expect((await post(operations, 'unload', { model: 'cold' })).body.decision.action).toBe('already')
  })

  it('of all tells what left and what could not', async () => {
    const stuck = modelView('stuck', { phase: 'stuck', instance: READY.instance })
    const operations = stubOperations([...MODELS, stuck])
    operations.answer = () => ({ records: [stopping], done: Promise.resolve() })
    const { body } = await post(operations, 'unload-all')
    expect(body).toEqual({ unloaded: ['org/ready'], skipped: [{ model: 'stuck', why: 'it is stuck' }] })
    expect(operations.calls).toEqual([['unloadAll']])
  })
})

describe('as llama.cpp’s router is told', () => {
  async function tell(operations: StubOperations, url: string, payload: object) {
    const response = await (await admin({ operations })).inject({ method: 'POST', url, payload })
    return { status: response.statusCode, body: response.json() }
  }

  it('answers when it is decided, not when it is done', async () => {
    const operations = stubOperations(MODELS)
    operations.answer = () => ({ records: [planned('evict')], done: new Promise(() => undefined) })
    expect(await tell(operations, '/models/load', { model: 'c' })).toEqual({ status: 200, body: { success: true } })
    expect(await tell(operations, '/models/unload', { model: 'c' })).toEqual({ status: 200, body: { success: true } })
    expect(operations.calls).toEqual([
      ['load', 'cold'],
      ['unload', 'cold'],
    ])
  })

  it('fails where it is refused at once, and calls nothing where the body is wrong', async () => {
    const operations = stubOperations(MODELS)
    const refused: JournalRecord = {
      seq: 6,
      at: NOW,
      kind: 'answered',
      model: 'cold',
      cause: [5],
      evidence: { request: 'r', outcome: 'refused', code: 'shutting_down', facts: {} },
    }
    operations.answer = () => ({ records: [refused], done: Promise.resolve() })
    const { status, body } = await tell(operations, '/models/load', { model: 'cold' })
    expect([status, body.error.code]).toEqual([503, 'shutting_down'])
    const wrong = await tell(stubOperations(MODELS), '/models/load', { model: 'cold', args: [] })
    expect([wrong.status, wrong.body.error.code]).toEqual([400, 'parameter_invalid'])
  })
})

describe('pin and unpin', () => {
  it.each([
    [{ model: 'c' }, null],
    [{ model: 'c', for: '2h' }, NOW + 7_200_000],
    [{ model: 'c', for: 90 }, NOW + 90_000],
  ])('%j', async (body, until) => {
    const operations = stubOperations(MODELS)
    expect((await post(operations, 'pin', body)).status).toBe(200)
    expect(operations.calls).toEqual([['pin', 'cold', until]])
  })

  it('unpin answers with the model', async () => {
    const operations = stubOperations(MODELS)
    expect((await post(operations, 'unpin', { model: 'c' })).body).toMatchObject({ model: { id: 'cold' } })
    expect(operations.calls).toEqual([['unpin', 'cold']])
  })
})

describe('a body that is wrong', () => {
  it.each([
    ['load', {}, 'parameter_invalid', '`model` must be the name or alias of a model.'],
    ['load', { model: 7 }, 'parameter_invalid', '`model` must be the name or alias of a model.'],
    ['load', { model: '' }, 'parameter_invalid', '`model` must be the name or alias of a model.'],
    [
      'load',
      { model: 'cold', wiat: true },
      'parameter_invalid',
      '`wiat` must be left out: this route takes model, wait, dry_run.',
    ],
    ['load', { model: 'cold', wait: 'yes' }, 'parameter_invalid', '`wait` must be true or false.'],
    ['unload-all', { model: 'cold' }, 'parameter_invalid', '`model` must be left out: this route takes wait, dry_run.'],
    ['pin', { model: 'cold', for: 'soon' }, 'parameter_invalid', '`for` must be a duration such as 2h.'],
    ['pin', { model: 'cold', for: 0 }, 'parameter_invalid', '`for` must be a duration such as 2h.'],
    ['pin', { model: 'cold', for: [] }, 'parameter_invalid', '`for` must be a duration such as 2h.'],
    ['load', [], 'json_invalid', 'The request body is not a JSON object: it is valid JSON of another kind.'],
    ['load', 'cold', 'json_invalid', 'The request body is not a JSON object: it is valid JSON of another kind.'],
    ['load', null, 'parameter_invalid', '`model` must be the name or alias of a model.'],
  ])('%s %j', async (action, payload, code, message) => {
    const operations = stubOperations(MODELS)
    const { status, body } = await post(operations, action, payload)
    expect([status, body.error.code, body.error.message]).toEqual([400, code, message])
    expect(operations.calls).toEqual([])
  })

  it('is 404 for a model that is not there, and nothing is called', async () => {
    const operations = stubOperations(MODELS)
    const { status, body } = await post(operations, 'load', { model: 'clod' })
    expect([status, body.error.code, body.error.facts.nearest]).toEqual([404, 'model_not_found', ['cold']])
    expect(operations.calls).toEqual([])
  })

  it.each([
    ['{"model":', 'application/json', 400, 'json_invalid'],
    ['model=cold', 'application/x-www-form-urlencoded', 415, 'media_type_unsupported'],
  ])('%s as %s is %d', async (payload, type, status, code) => {
    const app = await admin()
    const headers = { 'content-type': type }
    const response = await app.inject({ method: 'POST', url: '/api/v1/models/load', payload, headers })
    expect([response.statusCode, response.json().error.code]).toEqual([status, code])
  })

  it.each(['download'])('%s is refused by name', async (action) => {
    const { body } = await post(stubOperations(MODELS), action, { model: 'cold' })
    expect(body.error.code).toBe('route_not_supported')
  })
})

describe('restart', () => {
  const stopping: JournalRecord = {
    seq: 8,
    at: NOW,
    kind: 'stopping',
    model: 'org/ready',
    instance: 'ready-1',
    cause: [7],
    evidence: { reason: 'operator', why: { rule: 'operator' }, leases: 0 },
  }
  const planned: JournalRecord = {
    seq: 9,
    at: NOW,
    kind: 'planned',
    model: 'org/ready',
    cause: [8],
    evidence: { action: 'start', candidates: [], chosen: null },
  }
  const restarted = async (records: readonly JournalRecord[], body: object) => {
    const operations = stubOperations([READY])
    operations.answer = () => ({ records: records.slice(0, 1), done: Promise.resolve() })
    operations.previewed = records
    const app = await admin({ operations, journal: stubJournal(records) })
    const response = await app.inject({ method: 'POST', url: '/api/v1/models/restart', payload: body })
    return { calls: operations.calls, body: response.json() }
  }

  it('is decided when the model leaves, and has the plan of its new load when it is waited for', async () => {
    const waited = await restarted([stopping, planned], { model: 'default' })
    expect(waited.calls).toEqual([['restart', 'org/ready']])
    expect(waited.body).toMatchObject({
      decision: { action: 'restart', evidence: { action: 'start' } },
      model: { id: 'org/ready' },
    })
    const decided = await restarted([stopping, planned], { model: 'default', wait: false })
    expect(decided.body.decision).toMatchObject({ action: 'restart', evidence: { reason: 'operator' } })
  })

  it('is a load for a model that is not in memory', async () => {
    expect((await restarted([planned], { model: 'default' })).body.decision.action).toBe('start')
  })

  it('changes nothing at a dry run', async () => {
    const { calls, body } = await restarted([stopping], { model: 'org/ready', dry_run: true })
    expect(calls).toEqual([['preview', { kind: 'restart', model: 'org/ready', request: 'dry-run' }]])
    expect(body.decision.action).toBe('restart')
  })
})

describe('devices/clear', () => {
  it('says whose bytes count as free again', async () => {
    const operations = stubOperations([READY])
    const claims = [{ device: 'host', bytes: 1024, origin: 'formula' as const }]
    const cleared: JournalRecord = {
      seq: 3,
      at: NOW,
      kind: 'cleared',
      model: 'org/ready',
      instance: 'ready-0',
      cause: [2],
      evidence: { claims },
    }
    operations.answer = () => ({ records: [cleared], done: Promise.resolve() })
    const app = await admin({ operations })
    const response = await app.inject({ method: 'POST', url: '/api/v1/devices/clear', payload: { device: 'host' } })
    expect(operations.calls).toEqual([['clearDevice', 'host']])
    expect(response.json()).toMatchObject({
      cleared: [{ model: 'org/ready', instance: 'ready-0', bytes: 1024 }],
      device: { id: 'host', quarantined: 0 },
    })
  })

  it('of a device that is not there is refused with those that are', async () => {
    const app = await admin()
    const response = await app.inject({ method: 'POST', url: '/api/v1/devices/clear', payload: { device: 'GPU-9' } })
    expect([response.statusCode, response.json().error]).toMatchObject([
      404,
      { code: 'device_not_found', facts: { device: 'GPU-9', there: ['host'] } },
    ])
  })
})
