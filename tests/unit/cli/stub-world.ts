import { showEvent } from '../../../src/admin/event.ts'
import { GIB, type CandidateEvidence, type JournalRecord } from '../../../src/core/index.ts'
import { explain } from '../../../src/journal/index.ts'
import { EVICTING, made } from '../journal/samples.ts'
import { DEVICES, model, MODELS, NOW, ready, STATUS, whole } from './answers.ts'
import { type Answer, eventStream, json, refusalOf } from './stub-daemon.ts'

/** One daemon with something of each kind to look at, at one moment: what every golden screen is made from. */

const claims = [{ device: 'host', bytes: 4 * GIB, origin: 'formula' as const }]
const fits: CandidateEvidence = { ...EVICTING, evict: [], spared: [], verdict: 'fits' }
const qwen = { model: 'qwen', instance: 'qwen-1' }

/** A model is loaded, and two minutes later leaves for another; the day before, a daemon had started. */
export const RECORDS: readonly JournalRecord[] = [
  made('daemon_started', { version: '0.1.0', manifest: '/etc/enginehouse/enginehouse.yaml', models: 5 }),
  made('wanted', { request: 'req_1', waiting: 1 }, { model: 'qwen' }),
  made('fetch', {}, { model: 'qwen' }),
  made('weights', { status: 'present', perGpu: null, host: 4 * GIB, origin: 'formula' }, { model: 'qwen' }),
  made('planned', { action: 'start', candidates: [fits], chosen: 0 }, { model: 'qwen' }),
  made('started', { claims, attempt: 1 }, qwen),
  made('ready', { loadTime: 3200 }, qwen),
  made('wanted', { request: 'req_2', waiting: 1 }, { model: 'mistral' }),
  made(
    'planned',
    { action: 'evict', candidates: [EVICTING, { ...fits, verdict: 'never_fits' }], chosen: 0 },
    { model: 'mistral' },
  ),
  made(
    'stopping',
    {
      reason: 'evicted_for',
      why: { rule: 'eviction', for: 'mistral', bytes: 4 * GIB, idleFor: 12_000, starved: false },
      leases: 0,
    },
    qwen,
  ),
  made('released', { reason: 'evicted_for', claims, took: 400 }, qwen),
  made(
    'crashed',
    {
      class: 'gpu_oom',
      message: 'CUDA out of memory: tried to allocate 2 GiB',
      code: 1,
      signal: null,
      during: 'starting',
      lost: 2,
      attempt: 1,
      retryAt: NOW + 300_000,
      logTail: ['CUDA error 2: out of memory'],
    },
    { model: 'whisper', instance: 'whisper-3' },
  ),
].map((record, index) => ({
  ...record,
  seq: index + 1,
  at: index === 0 ? NOW - 86_400_000 : NOW - 600_000 + index * 1000,
  cause: index === 0 ? [] : [index],
}))

const decided = (action: string, evidence: unknown, evict: readonly object[] = []): Answer =>
  json(200, { decision: { action, device: 'host', evict, evidence }, model: ready('smollm2', { leases: 0 }) })

const plan = {
  action: 'evict',
  chosen: 0,
  candidates: [
    {
      verdict: 'fits_after_eviction',
      devices: [
        {
          device: 'host',
          needed: 6 * GIB,
          total: 32 * GIB,
          reserve: GIB,
          claimed: 29 * GIB,
          promised: 0,
          measured_free: 3 * GIB,
          free: 2 * GIB,
        },
      ],
      spared: [{ model: 'bge-m3', rule: 'minimum_residency', until: '2026-01-31T14:01:00.000Z' }],
    },
  ],
}
const makesRoom = [{ model: 'qwen', bytes: 4 * GIB, why: 'idle for 12s, priority normal' }]

/** Of the model that is named, or the refusal that a daemon gives for another. */
const ofModel =
  (answer: Answer): Answer =>
  (request, response) => {
    const named = request.query['model'] ?? (request.body as { model?: string } | undefined)?.model
    const known =
      named === undefined ||
      [...MODELS, { id: 'qwen', aliases: [] as readonly string[] }].some(
        (each) => named === each.id || each.aliases.includes(named),
      )
    if (known) return answer(request, response)
    refusalOf('model_not_found', { model: named, nearest: ['smollm2'] })(request, response)
  }

const say = (content: string) => ({ choices: [{ index: 0, delta: { content } }] })

/** Where they are not as usual. */
const SETTINGS: Readonly<Record<string, Parameters<typeof whole>[1]>> = {
  'qwen3-coder': {
    gpus: { count: 2 },
    parallel: 2,
    concurrency: 8,
    memory: { device: 20 * GIB, host: 8 * GIB },
    offload: { layers: 40, experts: 12 },
    priority: 'high',
    env: ['HF_TOKEN'],
    resources: { licences: 1 },
    fallback: 'smollm2',
    variants: [
      { engine: 'llama-server', context: 32_768, gpus: 'any', offload: { layers: 'all', experts: 'cpu' } },
      { engine: 'llama-server', context: null, gpus: 'none', offload: { layers: 'all', experts: 'cpu' } },
    ],
  },
  whisper: { gpus: [0], command: ['python3', 'whisper server.py', '--port', '{port}'], unlisted: true },
}

export const WORLD: Readonly<Record<string, Answer | object>> = {
  'GET /api/v1/status': STATUS,
  'GET /api/v1/devices': { devices: DEVICES },
  'GET /api/v1/models': { models: MODELS },
  'GET /api/v1/queue': { queue: [{ request: 'req_7', model: 'qwen3-coder', since: '2026-01-31T13:59:50.000Z' }] },
  ...Object.fromEntries(
    MODELS.map((each) => [`GET /api/v1/models/${encodeURIComponent(each.id)}`, whole(each, SETTINGS[each.id])]),
  ),
  'GET /api/v1/models/smolm2': refusalOf('model_not_found', { model: 'smolm2', nearest: ['smollm2'] }),
  'POST /api/v1/models/load': ofModel(decided('start', plan, makesRoom)),
  'POST /api/v1/models/unload': ofModel(decided('unload', { reason: 'operator' })),
  'POST /api/v1/models/unload-all': { unloaded: ['smollm2'], skipped: [{ model: 'whisper', why: 'it is stuck' }] },
  'POST /api/v1/models/restart': ofModel(decided('restart', { ...plan, action: 'start' })),
  'POST /api/v1/models/pin': ofModel(
    json(200, {
      decision: { action: 'already', device: 'host', evict: [], evidence: { phase: 'ready' } },
      model: ready('smollm2', { pinned: { until: '2026-01-31T16:00:00.000Z' } }),
    }),
  ),
  'POST /api/v1/models/unpin': ofModel(json(200, { model: ready('smollm2') })),
  'POST /api/v1/devices/clear': {
    cleared: [{ model: 'qwen3-coder', instance: 'qwen3-coder-6', bytes: 6 * GIB }],
    device: { ...DEVICES[0], quarantined: 0, free: 63 * GIB },
  },
  'GET /api/v1/explain': ofModel((request, response) => {
    const until = request.query['at'] === undefined ? NOW : Date.parse(request.query['at'])
    const { model: named = '', request: asked } = request.query
    if (asked !== undefined) return refusalOf('request_not_found', { request: asked })(request, response)
    const { at, records, ...rest } = explain(
      RECORDS.filter((record) => record.at <= until),
      { model: named },
    )
    json(200, { ...rest, at: at && new Date(at).toISOString(), records: records.map(showEvent) })(request, response)
  }),
  'GET /api/v1/events': ofModel(eventStream(...RECORDS.map(showEvent))),
  'GET /api/v1/logs': ofModel((_request, response) =>
    response.end(
      ['loading the weights', 'listening on 127.0.0.1:4711']
        .map((line) => `${JSON.stringify({ model: 'smollm2', instance: 'smollm2-7', at: null, line })}\n`)
        .join(''),
    ),
  ),
  'POST /v1/chat/completions': ofModel(eventStream(say('Once upon'), say(' a time.'), '[DONE]')),
}

/** Nothing is loaded and nothing has happened. */
export const EMPTY: typeof WORLD = {
  ...WORLD,
  'GET /api/v1/models': { models: [model('smollm2')] },
}
