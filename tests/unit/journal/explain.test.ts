import { readFile } from 'node:fs/promises'
import { afterEach, expect, test, vi } from 'vitest'
import { GIB } from '../../../src/core/index.ts'
import type { JournalRecord } from '../../../src/core/index.ts'
import { explain } from '../../../src/journal/index.ts'
import { another, changed } from './leaves.ts'
import { BUDGET, EVICTING, history, made } from './samples.ts'

afterEach(() => {
  vi.unstubAllGlobals()
  vi.unstubAllEnvs()
})

const claims = [{ device: 'host', bytes: 4 * GIB, origin: 'formula' as const }]
const fits = { ...EVICTING, evict: [], spared: [], verdict: 'fits' as const, devices: [{ ...BUDGET, free: 7 * GIB }] }

const qwen = { model: 'qwen', instance: 'qwen-1' }
const mistral = { model: 'mistral', instance: 'mistral-1' }

const LOADED: readonly JournalRecord[] = [
  made('daemon_started', { version: '0.1.0', manifest: null, models: 2 }),
  made('wanted', { request: 'req_1', waiting: 1 }, { model: 'qwen' }),
  made('fetch', {}, { model: 'qwen' }),
  made('weights', { status: 'present', perGpu: null, host: 4 * GIB, origin: 'formula' }, { model: 'qwen' }),
  made('planned', { action: 'start', candidates: [fits], chosen: 0 }, { model: 'qwen' }),
  made('started', { claims, attempt: 1 }, qwen),
  made('ready', { loadTime: 3200 }, qwen),
  made('answered', { request: 'req_1', outcome: 'ready' }, qwen),
]

const EVICTED: readonly JournalRecord[] = [
  ...LOADED,
  made('wanted', { request: 'req_2', waiting: 1 }, { model: 'mistral' }),
  made('planned', { action: 'evict', candidates: [EVICTING], chosen: 0 }, { model: 'mistral' }),
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
]

const REFUSED: readonly JournalRecord[] = [
  made('wanted', { request: 'req_9', waiting: 1 }, { model: 'qwen' }),
  made(
    'planned',
    {
      action: 'refuse',
      candidates: [
        {
          ...EVICTING,
          evict: [],
          verdict: 'never_fits',
          spared: [{ model: 'llama', instance: 'l', bytes: GIB, rule: 'pinned', until: null }],
        },
      ],
      chosen: null,
    },
    { model: 'qwen' },
  ),
  made(
    'answered',
    {
      request: 'req_9',
      outcome: 'refused',
      code: 'insufficient_host_memory',
      facts: { model: 'qwen', device: 'host', needed: 6 * GIB, largest: 5 * GIB },
    },
    { model: 'qwen' },
  ),
]

const STARTED_AND = LOADED.slice(0, 6)

/** What happened, what is then said, and what would have changed it: this table is the specification. */
const CASES: readonly (readonly [string, readonly JournalRecord[], string, readonly string[]])[] = [
  ['nothing at all', [], 'Nothing is recorded of qwen.', []],
  [
    'nothing since the daemon started',
    LOADED.slice(0, 1),
    'qwen is not loaded: nothing has asked for it since the daemon started at 2026-08-01T12:00:00Z.',
    ['send qwen a request, or set keep: always or keep: preload for it'],
  ],
  [
    'loaded before a daemon that died',
    [...LOADED, made('daemon_started', { version: '0.1.0', manifest: null, models: 2 })],
    'qwen is not loaded: nothing has asked for it since the daemon started at 2026-08-01T12:00:08Z.',
    ['send qwen a request, or set keep: always or keep: preload for it'],
  ],
  [
    'wanted, and nothing decided',
    LOADED.slice(0, 2),
    'qwen has been wanted since 2026-08-01T12:00:01Z by 1 request; nothing is decided yet.',
    [],
  ],
  [
    'fetching',
    LOADED.slice(0, 3),
    'qwen waits for its weights since 2026-08-01T12:00:02Z; request req_1 wanted it at 2026-08-01T12:00:01Z; 1 request waits for it.',
    [],
  ],
  [
    'no weights',
    [
      made('wanted', { request: 'req_1', waiting: 1 }, { model: 'qwen' }),
      made('weights', { status: 'failed', code: 'weights_missing', message: 'no file.' }, { model: 'qwen' }),
    ],
    'qwen could not be loaded at 2026-08-01T12:00:01Z, as its weights could not be had: no file; 1 request waits for it.',
    ['correct its source or what it needs (weights_failed)', '`enginehouse load qwen` tries again at once'],
  ],
  [
    'starting',
    STARTED_AND,
    'qwen has been starting since 2026-08-01T12:00:05Z with 4GiB on host (formula); request req_1 wanted it at ' +
      '2026-08-01T12:00:01Z; it needed 6GiB on host, where 7GiB were free; 1 request waits for it.',
    [],
  ],
  [
    'ready',
    LOADED,
    'qwen has been ready since 2026-08-01T12:00:06Z, after a load of 3.2s; request req_1 wanted it at ' +
      '2026-08-01T12:00:01Z; it needed 6GiB on host, where 7GiB were free.',
    [],
  ],
  [
    'its ttl passed',
    [
      ...LOADED,
      made(
        'stopping',
        { reason: 'ttl_expired', why: { rule: 'ttl', ttl: 900_000, lastByteAt: Date.UTC(2026, 7, 1, 11) }, leases: 0 },
        qwen,
      ),
      made('released', { reason: 'ttl_expired', claims, took: 400 }, qwen),
    ],
    'qwen was unloaded at 2026-08-01T12:00:08Z, as nobody had used it for 15m (its ttl; its last byte left at 2026-08-01T11:00:00Z).',
    ['set a ttl longer than 15m for qwen', 'pin qwen, or set keep: always for it'],
  ],
  [
    'evicted',
    EVICTED,
    'qwen was unloaded at 2026-08-01T12:00:10Z to make room for mistral: mistral needs 6GiB on host, where 2GiB were ' +
      'free, and qwen gave back 4GiB after 12s idle; llama was spared (busy).',
    [
      'raise memory.host by at least 4GiB, or lower memory, context or parallel of mistral or qwen by at least 4GiB on host',
      'pin qwen, or set keep: always for it',
    ],
  ],
  [
    'evicted, its memory not back yet, and wanted again',
    [...EVICTED.slice(0, -1), made('wanted', { request: 'req_3', waiting: 1 }, { model: 'qwen' })],
    'qwen is being unloaded since 2026-08-01T12:00:10Z to make room for mistral: mistral needs 6GiB on host, where 2GiB ' +
      'were free, and qwen gives back 4GiB after 12s idle; llama was spared (busy); 1 request waits for it.',
    [
      'raise memory.host by at least 4GiB, or lower memory, context or parallel of mistral or qwen by at least 4GiB on host',
      'pin qwen, or set keep: always for it',
    ],
  ],
  [
    'unloaded by hand',
    [...LOADED, made('stopping', { reason: 'operator', why: { rule: 'operator' }, leases: 2 }, qwen)],
    'qwen is being unloaded since 2026-08-01T12:00:08Z, because an operator asked for it; 2 requests were still running.',
    ['load qwen, or send it a request'],
  ],
  [
    'refused',
    REFUSED,
    'qwen could not be placed at 2026-08-01T12:00:01Z: it needs 6GiB on host, where 2GiB were free, and at most 5GiB could be; llama was spared (pinned or always kept).',
    [
      'raise memory.host by at least 1GiB, or lower memory, context or parallel of qwen by at least 1GiB on host',
      'unpin llama, or set keep: auto for it',
    ],
  ],
  [
    'waiting for a busy one',
    [
      made('wanted', { request: 'req_9', waiting: 1 }, { model: 'qwen' }),
      made(
        'planned',
        { action: 'wait', candidates: [{ ...EVICTING, evict: [], verdict: 'waits_for_idle' }], chosen: 0 },
        { model: 'qwen' },
      ),
    ],
    'qwen waits since 2026-08-01T12:00:01Z for others to be idle: it needs 6GiB on host, where 2GiB were free; llama was spared (busy); 1 request waits for it.',
    [
      'raise memory.host by at least 4GiB, or lower memory, context or parallel of qwen by at least 4GiB on host',
      'wait until the requests of llama have ended',
    ],
  ],
  [
    'crashed, tried again',
    [
      ...STARTED_AND,
      made(
        'crashed',
        {
          class: 'host_oom',
          message: 'killed',
          code: null,
          signal: 'SIGKILL',
          during: 'starting',
          lost: 0,
          attempt: 1,
          retryAt: Date.UTC(2026, 7, 1, 13),
          logTail: [],
        },
        qwen,
      ),
      made('released', { reason: 'out_of_memory', claims, took: 400 }, qwen),
    ],
    'qwen crashed at 2026-08-01T12:00:06Z while starting (attempt 1, SIGKILL), as it ran out of host memory (killed); it is tried again at 2026-08-01T13:00:00Z; 1 request waits for it.',
    [
      'lower its context or parallel, or declare more host memory for it (host_oom)',
      '`enginehouse load qwen` tries again at once',
    ],
  ],
  [
    'given up',
    [
      ...STARTED_AND,
      made(
        'model_failed',
        { class: 'bad_config', message: 'no such flag', attempts: 1, window: 600_000, retryAt: null },
        { model: 'qwen' },
      ),
    ],
    'qwen was given up at 2026-08-01T12:00:06Z after 1 attempt within 10m, as the engine refused its flags (no such flag); it is not tried again by itself; 1 request waits for it.',
    ['correct its args (bad_config)', '`enginehouse load qwen` tries again at once'],
  ],
  [
    'stuck',
    [...LOADED, made('stuck', { missing: [{ device: 'GPU-1', bytes: GIB }], why: 'still held' }, qwen)],
    'qwen was taken down and did not give back 1GiB on GPU-1, found at 2026-08-01T12:00:08Z (still held).',
    ['end what still holds memory on GPU-1, then restart the daemon'],
  ],
  [
    'an exit while it was draining is the end that was asked for',
    [
      ...LOADED,
      made('stopping', { reason: 'operator', why: { rule: 'operator' }, leases: 0 }, qwen),
      made(
        'crashed',
        {
          class: 'exited',
          message: 'x',
          code: 0,
          signal: null,
          during: 'draining',
          lost: 0,
          attempt: 0,
          retryAt: null,
          logTail: [],
        },
        qwen,
      ),
      made('released', { reason: 'operator', claims, took: 400 }, qwen),
    ],
    'qwen was unloaded at 2026-08-01T12:00:08Z, because an operator asked for it.',
    ['load qwen, or send it a request'],
  ],
  [
    'news of an older instance does not hide the present one',
    [
      ...LOADED,
      made('stopping', { reason: 'operator', why: { rule: 'operator' }, leases: 0 }, qwen),
      made('started', { claims, attempt: 1 }, { model: 'qwen', instance: 'qwen-2' }),
      made('ready', { loadTime: 1000 }, { model: 'qwen', instance: 'qwen-2' }),
      made('released', { reason: 'operator', claims, took: 400 }, qwen),
    ],
    'qwen has been ready since 2026-08-01T12:00:10Z, after a load of 1s; request req_1 wanted it at 2026-08-01T12:00:01Z; it needed 6GiB on host, where 7GiB were free.',
    [],
  ],
]

test.each(CASES)('%s', (_, records, summary, advice) => {
  const explanation = explain(history(...records), { model: 'qwen' })
  expect(explanation.summary).toBe(summary)
  expect(explanation.would_change).toEqual(advice)
})

test('who made room is said of the one who came', () => {
  const records = history(
    ...EVICTED,
    made('planned', { action: 'start', candidates: [fits], chosen: 0 }, { model: 'mistral' }),
    made('started', { claims, attempt: 1 }, mistral),
    made('ready', { loadTime: 100 }, mistral),
  )
  expect(explain(records, { model: 'mistral' }).summary).toBe(
    'mistral has been ready since 2026-08-01T12:00:14Z, after a load of 100ms; request req_2 wanted it at ' +
      '2026-08-01T12:00:08Z; it needed 6GiB on host, where 7GiB were free; unloaded for it: qwen (4GiB, idle 12s, priority normal).',
  )
})

test('the memory of other programs is not ours to raise', () => {
  const devices = [{ ...BUDGET, claimed: 0, promised: 0 }]
  const records = history(
    made('wanted', { request: 'r', waiting: 1 }, { model: 'qwen' }),
    made(
      'planned',
      {
        action: 'wait',
        candidates: [{ ...EVICTING, spared: [], evict: [], devices, verdict: 'waits_for_idle' }],
        chosen: 0,
      },
      { model: 'qwen' },
    ),
  )
  expect(explain(records, { model: 'qwen' }).would_change).toEqual([
    'end other programs that hold memory on host (4GiB were missing), or lower memory, context or parallel of qwen by at least 4GiB on host',
  ])
})

test('memory.host cannot be raised beyond what it leaves out', () => {
  const devices = [{ ...BUDGET, reserve: 3 * GIB, claimed: 10 * GIB }]
  const records = history(
    made(
      'planned',
      { action: 'wait', candidates: [{ ...EVICTING, spared: [], evict: [], devices }], chosen: 0 },
      { model: 'qwen' },
    ),
  )
  expect(explain(records, { model: 'qwen' }).would_change).toEqual([
    'lower memory, context or parallel of qwen by at least 4GiB on host, or use a device with more than 16GiB',
  ])
})

test('an eviction of a busy model says so', () => {
  const records = changed(history(...EVICTED), ['10', 'evidence', 'why', 'starved'], another)
  expect(explain(records, { model: 'qwen' }).summary).toContain(
    'qwen gave back 4GiB while busy, as mistral had waited past the limit (last used 12s before)',
  )
})

test('a GPU that is too small asks for a larger one', () => {
  const devices = [{ ...BUDGET, device: 'GPU-1' }]
  const records = history(
    made(
      'planned',
      {
        action: 'refuse',
        candidates: [{ ...EVICTING, spared: [], evict: [], devices, verdict: 'never_fits' }],
        chosen: null,
      },
      { model: 'qwen' },
    ),
  )
  expect(explain(records, { model: 'qwen' }).would_change).toEqual([
    'lower memory, context or parallel of qwen by at least 4GiB on GPU-1, or use a device with more than 16GiB',
  ])
})

test('shows the records that it is made of, and what led to them, in order', () => {
  const { records, at } = explain(history(...EVICTED), { model: 'qwen' })
  const shown = records.map(({ kind, model }) => `${kind} ${model}`)
  expect(shown.slice(-4)).toEqual(['wanted mistral', 'planned mistral', 'stopping qwen', 'released qwen'])
  expect(at).toBe(records.find(({ kind }) => kind === 'stopping')?.at)
})

test.each([
  ['nothing', [], 'Nothing is recorded of request req_1: one that finds its model ready leaves no record.'],
  [
    'ready',
    LOADED,
    'Request req_1 wanted qwen at 2026-08-01T12:00:01Z and got it after 6s: qwen has been ready since 2026-08-01T12:00:06Z, after a load of 3.2s; request req_1 wanted it at 2026-08-01T12:00:01Z; it needed 6GiB on host, where 7GiB were free.',
  ],
  [
    'still waiting',
    LOADED.slice(0, 3),
    'Request req_1 wanted qwen at 2026-08-01T12:00:01Z and still waits: qwen waits for its weights since 2026-08-01T12:00:02Z; request req_1 wanted it at 2026-08-01T12:00:01Z; 1 request waits for it.',
  ],
  [
    'gone',
    [...LOADED.slice(0, 3), made('gave_up', { request: 'req_1', waited: 1500 }, { model: 'qwen' })],
    'Request req_1 wanted qwen at 2026-08-01T12:00:01Z and left after it had waited 1.5s: qwen waits for its weights since 2026-08-01T12:00:02Z; request req_1 wanted it at 2026-08-01T12:00:01Z.',
  ],
])('a request: %s', (_, records, summary) => {
  expect(explain(history(...records), { request: 'req_1' }).summary).toBe(summary)
})

test('a refused request has the sentence that its client got', () => {
  const explanation = explain(history(...REFUSED), { request: 'req_9' })
  expect(explanation.summary).toBe(
    'Request req_9 wanted qwen at 2026-08-01T12:00:00Z and was refused after 2s (insufficient_host_memory): ' +
      'The model "qwen" needs 6GiB on host, which can give at most 5GiB.',
  )
  expect(explanation.would_change).toContain('unpin llama, or set keep: auto for it')
})

test('a request that an operator made by a load', () => {
  const records = history(made('operator', { command: { kind: 'load', model: 'qwen', request: 'req_5' } }))
  expect(explain(records, { request: 'req_5' }).summary).toBe(
    'Request req_5 wanted qwen at 2026-08-01T12:00:00Z and still waits: qwen has been wanted since 2026-08-01T12:00:00Z by 1 request; nothing is decided yet.',
  )
})

/** Each figure of the evidence behind an eviction: record, path. */
test.each([
  [9, 'evidence.candidates.0.devices.0.needed'],
  [9, 'evidence.candidates.0.devices.0.free'],
  [9, 'evidence.candidates.0.devices.0.device'],
  [9, 'evidence.candidates.0.devices.0.total'],
  [9, 'evidence.candidates.0.spared.0.model'],
  [9, 'evidence.candidates.0.spared.0.rule'],
  [9, 'evidence.candidates.0.spared.0.until'],
  [10, 'at'],
  [10, 'evidence.why.bytes'],
  [10, 'evidence.why.idleFor'],
  [10, 'evidence.why.starved'],
  [10, 'evidence.why.for'],
])('the words follow the evidence: record %i %s', (index, path) => {
  const before = history(...EVICTED)
  const after = changed(before, [String(index), ...path.split('.')], another)
  const words = (records: readonly JournalRecord[]) => {
    const { summary, would_change } = explain(records, { model: 'qwen' })
    return [summary, ...would_change].join('\n')
  }
  expect(words(after)).not.toBe(words(before))
})

test('there is nothing but the evidence: no clock, no zone, no world', async () => {
  const before = JSON.stringify(CASES.map(([, records]) => explain(history(...records), { model: 'qwen' })))
  vi.stubGlobal(
    'Date',
    class extends Date {
      static override now(): number {
        throw new Error('the clock was read')
      }
    },
  )
  vi.stubEnv('TZ', 'Pacific/Auckland')
  vi.stubGlobal('process', undefined)
  const again = JSON.stringify(CASES.map(([, records]) => explain(history(...records), { model: 'qwen' })))
  vi.unstubAllGlobals()
  expect(again).toBe(before)
  expect(explain).toHaveLength(2)
})

test('its files import the words of the core and each other, nothing else', async () => {
  const seen = new Set<string>()
  const visit = async (name: string): Promise<void> => {
    if (seen.has(name)) return
    seen.add(name)
    const text = await readFile(new URL(`../../../src/journal/${name}`, import.meta.url), 'utf8')
    for (const [, from = ''] of text.matchAll(/from '([^']+)'/g)) {
      expect(from).toMatch(/^\.\/[a-z-]+\.ts$|^\.\.\/core\/index\.ts$/)
      if (from.startsWith('./')) await visit(from.slice(2))
    }
    expect(text).not.toMatch(/Date\.now|new Date\(\)|performance|process\./)
  }
  await visit('explain.ts')
  expect(seen.size).toBeGreaterThan(5)
})
