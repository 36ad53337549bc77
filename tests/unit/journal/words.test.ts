import { expect, test } from 'vitest'
import { describe as inWords } from '../../../src/journal/index.ts'
import type { JournalRecord, RecordKind } from '../../../src/core/index.ts'
import { another, changed, leavesOf } from './leaves.ts'
import { EVICTING, made, NOON, SAMPLES } from './samples.ts'

/** Told apart by the sentence itself: another value of these is another sample. */
const DISCRIMINATORS = new Set(['kind', 'status', 'outcome', 'code'])

const figures = SAMPLES.flatMap((record) =>
  leavesOf(record.evidence)
    .filter((path) => path.length > 0 && !isDiscriminator(record, path))
    .map((path) => ({ kind: record.kind, path: path.join('.'), record })),
)

function isDiscriminator(record: JournalRecord, path: readonly string[]): boolean {
  const key = path.at(-1) ?? ''
  if (record.kind === 'crashed' && key === 'code') return false
  if (record.kind === 'stopping' && key === 'rule') return true
  // A refusal never has one.
  if (record.kind === 'planned' && key === 'chosen' && record.evidence.chosen === null) return true
  return DISCRIMINATORS.has(key)
}

test('there is a sample of every kind', () => {
  const kinds: Record<RecordKind, true> = {
    daemon_started: true,
    daemon_stopped: true,
    devices: true,
    operator: true,
    wanted: true,
    gave_up: true,
    fetch: true,
    weights: true,
    planned: true,
    started: true,
    ready: true,
    stopping: true,
    crashed: true,
    model_failed: true,
    released: true,
    stuck: true,
    answered: true,
    late: true,
    leftover: true,
    manifest: true,
    manifest_refused: true,
    fell_back: true,
    cleared: true,
  }
  expect(new Set(SAMPLES.map(({ kind }) => kind))).toEqual(new Set(Object.keys(kinds)))
})

test.each(SAMPLES.map((record) => [record.kind, record] as const))('%s is one whole line', (_, record) => {
  const line = inWords(record)
  expect(line).toMatch(/^\S.*\S$/)
  expect(line).not.toMatch(/undefined|NaN|\[object|\n/)
})

const SHOWN_ELSEWHERE = new Set([
  // The instance is in the record's head and in the log; a model's name says who it is.
  'evict.0.instance',
  'spared.0.instance',
])

test.each(figures)('$kind says $path', ({ record, path }) => {
  const pieces = path.split('.')
  if (SHOWN_ELSEWHERE.has(pieces.slice(-3).join('.'))) return
  const evidence = changed(record.evidence, pieces, another)
  expect(inWords({ ...record, evidence } as JournalRecord)).not.toBe(inWords(record))
})

test('what an engine says cannot break the line or steer a terminal', () => {
  const record = made('stuck', { missing: [], why: 'one\ntwo\u001b[31m\u0007 three\u202e' }, { model: 'qwen' })
  expect(inWords(record)).toBe('qwen did not give back its processes: one two [31m three')
})

test('a kind of a later version has a line too', () => {
  const record = { ...made('fetch', {}), kind: 'dreamt' } as unknown
  expect(inWords(record as JournalRecord)).toBe('A record of a kind that this version does not know: "dreamt".')
})

test.each([
  [
    made('planned', { action: 'evict', candidates: [EVICTING], chosen: 0 }, { model: 'mistral' }),
    'mistral can start once others have left. Placement 1 (chosen) fits once others have left: host is to give 6GiB ' +
      'and has 2GiB free (16GiB in all, 4GiB reserved, 9GiB claimed, 1GiB promised, 5GiB measured free); ' +
      'leaving: qwen (4GiB, idle 12s, priority normal); staying: llama (5GiB, busy).',
  ],
  [
    made(
      'crashed',
      {
        class: 'gpu_oom',
        message: 'cudaMalloc failed',
        code: 1,
        signal: null,
        during: 'starting',
        lost: 0,
        attempt: 1,
        retryAt: NOON + 5000,
        logTail: ['a', 'b'],
      },
      { model: 'qwen' },
    ),
    'qwen crashed while starting (attempt 1, exit code 1, 0 requests lost, next try at 2026-08-01T12:00:05Z): it ran ' +
      'out of GPU memory (gpu_oom): cudaMalloc failed; last of 2 log lines: "b"',
  ],
  [
    made(
      'stopping',
      { reason: 'ttl_expired', why: { rule: 'ttl', ttl: 900_000, lastByteAt: NOON }, leases: 1 },
      {
        model: 'qwen',
      },
    ),
    'qwen is being unloaded (ttl_expired): its last byte left at 2026-08-01T12:00:00Z and its ttl is 15m; 1 request is still running.',
  ],
])('reads well: $kind', (record, line) => {
  expect(inWords(record)).toBe(line)
})
