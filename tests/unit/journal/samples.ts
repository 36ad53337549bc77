import { GIB } from '../../../src/core/index.ts'
import type { CandidateEvidence, DeviceBudget, Evidence, JournalRecord, RecordKind } from '../../../src/core/index.ts'

/** 2026-08-01T12:00:00Z. */
export const NOON = Date.UTC(2026, 7, 1, 12)

type Header = Partial<Pick<JournalRecord, 'seq' | 'at' | 'model' | 'instance' | 'cause'>>

/** A record of a kind with its evidence; the header is filled in where it does not matter. */
export function made<K extends RecordKind>(kind: K, evidence: Evidence[K], header: Header = {}): JournalRecord {
  return { seq: 1, at: NOON, cause: [], ...header, kind, evidence } as JournalRecord
}

/** Numbers records from 1, a second apart, and has each caused by the one before, unless they say otherwise. */
export function history(...records: readonly JournalRecord[]): readonly JournalRecord[] {
  return records.map((record, index) => ({
    ...record,
    seq: index + 1,
    at: NOON + index * 1000,
    cause: record.cause.length > 0 || index === 0 ? record.cause : [index],
  }))
}

export const BUDGET: DeviceBudget = {
  device: 'host',
  needed: 6 * GIB,
  total: 16 * GIB,
  reserve: 4 * GIB,
  claimed: 9 * GIB,
  promised: 1 * GIB,
  measuredFree: 5 * GIB,
  free: 2 * GIB,
}

export const EVICTING: CandidateEvidence = {
  devices: [BUDGET],
  evict: [{ model: 'qwen', instance: 'qwen-1', bytes: 4 * GIB, idleFor: 12_000, priority: 'normal' }],
  spared: [{ model: 'llama', instance: 'llama-1', bytes: 5 * GIB, rule: 'busy', until: null }],
  verdict: 'fits_after_eviction',
}

/** A record of every kind, and of every form of its evidence. */
export const SAMPLES: readonly JournalRecord[] = [
  made('daemon_started', { version: '0.1.0', manifest: '/etc/enginehouse.yaml', models: 3 }),
  made('daemon_stopped', { deadline: 1_700_000_030_000, stuck: 0 }),
  made('devices', {
    devices: [
      {
        id: 'GPU-1',
        kind: 'gpu',
        index: 1,
        name: 'Card',
        total: 24 * GIB,
        reserve: GIB,
        measuredFree: 20 * GIB,
        measuredAt: NOON,
      },
    ],
  }),
  made('operator', { command: { kind: 'load', model: 'qwen', request: 'req_1' } }),
  made('operator', { command: { kind: 'unload', model: 'qwen' } }),
  made('operator', { command: { kind: 'unload_all' } }),
  made('operator', { command: { kind: 'pin', model: 'qwen', until: NOON } }),
  made('operator', { command: { kind: 'pin', model: 'qwen', until: null } }),
  made('operator', { command: { kind: 'unpin', model: 'qwen' } }),
  made('operator', { command: { kind: 'shutdown', deadline: NOON } }),
  made('operator', { command: { kind: 'restart', model: 'qwen', request: 'req_1' } }),
  made('operator', { command: { kind: 'clear', device: 'GPU-1' } }),
  made('manifest', {
    path: '/etc/enginehouse.yaml',
    trigger: 'file',
    added: ['mistral'],
    removed: ['llama'],
    changed: [{ model: 'qwen', keys: ['ttl', 'context'], relaunch: true }],
    settings: [
      { key: 'server.max_queue', restart: false },
      { key: 'server.listen', restart: true },
    ],
  }),
  made('manifest_refused', {
    path: '/etc/enginehouse.yaml',
    trigger: 'signal',
    problems: 3,
    problem: 'There is no key "tll".',
  }),
  made(
    'fell_back',
    {
      request: 'req_1',
      to: 'mistral',
      code: 'insufficient_gpu_memory',
      facts: { model: 'qwen', device: 'GPU-1', needed: 30 * GIB, largest: 23 * GIB },
    },
    { model: 'qwen' },
  ),
  made('cleared', { claims: [{ device: 'GPU-1', bytes: 2 * GIB, origin: 'declared' }] }, { model: 'qwen' }),
  made('wanted', { request: 'req_1', waiting: 2 }, { model: 'qwen' }),
  made('gave_up', { request: 'req_1', waited: 3200 }, { model: 'qwen' }),
  made('fetch', {}, { model: 'qwen' }),
  made('fetch', { variant: 2 }, { model: 'qwen' }),
  made('weights', { status: 'present', perGpu: 4 * GIB, host: GIB, origin: 'declared' }, { model: 'qwen' }),
  made('weights', { status: 'present', perGpu: 'all', host: GIB, origin: 'declared' }, { model: 'qwen' }),
  made('weights', { status: 'present', perGpu: null, host: GIB, origin: 'formula' }, { model: 'qwen' }),
  made('weights', { status: 'failed', code: 'weights_missing', message: 'no file' }, { model: 'qwen' }),
  made('planned', { action: 'evict', candidates: [EVICTING], chosen: 0 }, { model: 'mistral' }),
  made(
    'planned',
    {
      action: 'wait',
      candidates: [
        { ...EVICTING, verdict: 'never_fits', evict: [] },
        {
          ...EVICTING,
          evict: [],
          spared: [{ model: 'llama', instance: 'llama-1', bytes: GIB, rule: 'minimum_residency', until: NOON }],
          verdict: 'waits_for_idle',
        },
      ],
      chosen: 1,
    },
    { model: 'mistral' },
  ),
  made('planned', { action: 'refuse', candidates: [], chosen: null }, { model: 'mistral' }),
  made(
    'started',
    { claims: [{ device: 'resource:licence', bytes: 3, origin: 'declared' }], attempt: 2, variant: 1 },
    { model: 'qwen' },
  ),
  made('started', { claims: [{ device: 'host', bytes: 4 * GIB, origin: 'formula' }], attempt: 2 }, { model: 'qwen' }),
  made('ready', { loadTime: 3200 }, { model: 'qwen' }),
  made('stopping', { reason: 'ttl_expired', why: { rule: 'ttl', ttl: 900_000, lastByteAt: NOON }, leases: 0 }),
  made('stopping', {
    reason: 'evicted_for',
    why: { rule: 'eviction', for: 'mistral', bytes: 4 * GIB, idleFor: 12_000, starved: false },
    leases: 0,
  }),
  made('stopping', { reason: 'manifest_changed', why: { rule: 'manifest', removed: false }, leases: 1 }),
  made('stopping', { reason: 'manifest_changed', why: { rule: 'manifest', removed: true }, leases: 1 }),
  made('stopping', { reason: 'operator', why: { rule: 'operator' }, leases: 2 }),
  made('stopping', { reason: 'shutdown', why: { rule: 'shutdown', deadline: NOON }, leases: 2 }),
  made('crashed', {
    class: 'gpu_oom',
    message: 'out of memory',
    code: 1,
    signal: null,
    during: 'starting',
    lost: 2,
    attempt: 1,
    retryAt: NOON,
    logTail: ['the last line'],
  }),
  made('crashed', {
    class: 'exited',
    message: 'killed',
    code: null,
    signal: 'SIGKILL',
    during: 'ready',
    lost: 1,
    attempt: 3,
    retryAt: null,
    logTail: [],
  }),
  made('model_failed', { class: 'bad_config', message: 'no such flag', attempts: 1, window: 600_000, retryAt: null }),
  made('model_failed', { class: 'exited', message: 'exit 1', attempts: 5, window: 600_000, retryAt: NOON }),
  made('released', {
    reason: 'ttl_expired',
    claims: [{ device: 'host', bytes: 4 * GIB, origin: 'learned' }],
    took: 350,
  }),
  made('stuck', { missing: [{ device: 'GPU-1', bytes: 2 * GIB }], why: 'a process holds it' }),
  made('answered', { request: 'req_1', outcome: 'ready' }, { model: 'qwen' }),
  made('answered', {
    request: 'req_1',
    outcome: 'refused',
    code: 'insufficient_host_memory',
    facts: { model: 'qwen', device: 'host', needed: 6 * GIB, largest: 4 * GIB },
  }),
  made('late', { input: 'released' }, { instance: 'qwen-1' }),
  made('leftover', { pid: 42, processes: 3, action: 'stopped' }, { model: 'qwen' }),
]
