import { appendFile, mkdir, readFile, readdir, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { JournalRecord } from '../../../src/core/index.ts'
import { describeDamage, followFrom, gather, JOURNAL_LIMITS, openJournal } from '../../../src/journal/index.ts'
import type { Journal, JournalDamage, JournalLimits, JournalQuery } from '../../../src/journal/index.ts'
import { formatLine } from '../../../src/journal/line.ts'
import { matches } from '../../../src/journal/query.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { made, NOON } from './samples.ts'

interface Opened {
  readonly journal: Journal
  readonly damages: JournalDamage[]
}

async function opened(directory: string, limits: Partial<JournalLimits> = {}): Promise<Opened> {
  const damages: JournalDamage[] = []
  const journal = await openJournal({
    directory,
    onDamage: (damage) => damages.push(damage),
    limits: { ...JOURNAL_LIMITS, ...limits },
  })
  return { journal, damages }
}

/** A record that differs from its neighbours in all that can be asked for. */
function numbered(seq: number): JournalRecord {
  const header = { seq, at: NOON + seq * 1000, model: `m${seq % 3}`, instance: `i${seq % 5}`, cause: [seq - 1] }
  return seq % 2
    ? made('wanted', { request: `r${seq % 7}`, waiting: seq }, header)
    : made('ready', { loadTime: seq }, header)
}

function range(from: number, to: number): readonly JournalRecord[] {
  return Array.from({ length: to - from + 1 }, (_, index) => numbered(from + index))
}

/** Small enough that a hundred records make several segments, most of them on disk only. */
const SMALL = { segmentBytes: 1000, segments: 100, tail: 10 }

test('what is appended is asked for in order, at once and after a restart, and numbers go on', async () => {
  const directory = temporaryDirectory()
  const first = await opened(directory)
  expect(first.journal.nextSequence).toBe(1)
  first.journal.append(range(1, 3))
  expect(first.journal.nextSequence).toBe(4)
  expect(await first.journal.query({})).toEqual(range(1, 3))
  await first.journal.close()
  const second = await opened(directory)
  expect(second.journal.nextSequence).toBe(4)
  second.journal.append(range(4, 5))
  expect(await second.journal.query({})).toEqual(range(1, 5))
  await second.journal.close()
  expect([...first.damages, ...second.damages]).toEqual([])
  expect(await readdir(directory)).toEqual(['000001.ndjson'])
})

test('a flushed record is a line of the segment: checksum, space, JSON', async () => {
  const directory = temporaryDirectory()
  const { journal } = await opened(directory)
  journal.append(range(1, 1))
  journal.append([])
  journal.append(range(2, 3))
  await journal.flush()
  const text = await readFile(join(directory, '000001.ndjson'), 'utf8')
  expect(text).toBe(range(1, 3).map(formatLine).join(''))
  expect(text.split('\n')[0]).toMatch(/^[0-9a-f]{8} \{"seq":1,/)
  await journal.flush()
  await journal.close()
})

test('appends during a write keep their order', async () => {
  const directory = temporaryDirectory()
  const { journal } = await opened(directory, { segmentBytes: 500 })
  const flushes: Promise<void>[] = []
  for (let seq = 1; seq <= 60; seq++) {
    journal.append(range(seq, seq))
    if (seq % 10 === 0) flushes.push(journal.flush())
    if (seq % 4 === 0) await new Promise((resolve) => setImmediate(resolve))
  }
  await Promise.all(flushes)
  await journal.close()
  const { journal: again, damages } = await opened(directory)
  expect(await again.query({})).toEqual(range(1, 60).slice(-(await again.query({})).length))
  expect((await again.query({})).at(-1)).toEqual(numbered(60))
  expect(damages).toEqual([])
  await again.close()
})

test('segments are bounded by size, their number is bounded, and the oldest go', async () => {
  const directory = temporaryDirectory()
  const { journal } = await opened(directory, { segmentBytes: 1000, segments: 3 })
  journal.append(range(1, 200))
  await journal.close()
  const names = (await readdir(directory)).toSorted()
  expect(names).toHaveLength(3)
  for (const name of names) expect((await readFile(join(directory, name))).length).toBeLessThan(1000 + 200)
  const { journal: again } = await opened(directory)
  const left = await again.query({})
  expect(left).toEqual(range(200 - left.length + 1, 200))
  expect(again.nextSequence).toBe(201)
  await again.close()
})

test('one query over memory and disk is the same as a filter over all', async () => {
  const directory = temporaryDirectory()
  const { journal } = await opened(directory, SMALL)
  const all = range(1, 100)
  journal.append(all)
  await journal.flush()
  const maybe = <T>(arbitrary: fc.Arbitrary<T>) => fc.option(arbitrary, { nil: undefined })
  const seq = fc.integer({ min: 0, max: 101 })
  const queries: fc.Arbitrary<JournalQuery> = fc.record({
    model: maybe(fc.constantFrom('m0', 'm1', 'none')),
    instance: maybe(fc.constantFrom('i0', 'i4')),
    request: maybe(fc.constantFrom('r1', 'r6')),
    since: maybe(seq.map((value) => NOON + value * 1000)),
    until: maybe(seq.map((value) => NOON + value * 1000)),
    after: maybe(seq),
    sequences: maybe(fc.array(seq).map((values) => new Set(values))),
    kinds: maybe(fc.constantFrom<JournalQuery['kinds'][]>(['wanted'], ['ready', 'wanted'], [])),
    limit: maybe(fc.integer({ min: 0, max: 30 })),
  })
  await fc.assert(
    fc.asyncProperty(queries, async (query) => {
      const expected = all.filter((record) => matches(record, query))
      expect(await journal.query(query)).toEqual(
        query.limit === undefined ? expected : expected.slice(expected.length - Math.min(query.limit, expected.length)),
      )
    }),
    { numRuns: 150 },
  )
  await journal.close()
})

test('commands that name a model, and a load that names a request, are found by them', async () => {
  const { journal } = await opened(temporaryDirectory())
  const load = made('operator', { command: { kind: 'load', model: 'qwen', request: 'r' } })
  const all = made('operator', { command: { kind: 'unload_all' } }, { seq: 2 })
  journal.append([load, all])
  expect(await journal.query({ model: 'qwen' })).toEqual([load])
  expect(await journal.query({ request: 'r' })).toEqual([load])
  await journal.close()
})

test('after a restart the disk answers what memory does not hold', async () => {
  const directory = temporaryDirectory()
  const first = await opened(directory, SMALL)
  first.journal.append(range(1, 100))
  await first.journal.close()
  const { journal } = await opened(directory, SMALL)
  journal.append(range(101, 105))
  expect(await journal.query({ after: 2 })).toEqual(range(3, 105))
  expect(await journal.query({ limit: 4 })).toEqual(range(102, 105))
  await journal.close()
})

test('an old segment that was damaged is set aside when it is read, and its good part stays', async () => {
  const directory = temporaryDirectory()
  const first = await opened(directory, SMALL)
  first.journal.append(range(1, 100))
  await first.journal.close()
  const path = join(directory, '000002.ndjson')
  const content = await readFile(path)
  const lines = content.toString().split('\n')
  content[(lines[0]?.length ?? 0) + 40] = 0x21
  await writeFile(path, content)
  const { journal, damages } = await opened(directory, SMALL)
  expect(damages).toEqual([])
  // Two readers at once: it is mended once.
  const [left] = await Promise.all([journal.query({}), journal.query({})])
  const lost = lines.length - 2
  expect(damages).toEqual([{ kind: 'damaged_segment', segment: path, setAside: `${path}.1.damaged`, kept: 1, lost }])
  expect(left).toHaveLength(100 - lost)
  expect(await readFile(`${path}.1.damaged`)).toEqual(content)
  expect(await readFile(path, 'utf8')).toBe(`${lines[0]}\n`)
  expect(journal.nextSequence).toBe(101)
  await journal.close()
})

test('a newest segment that cannot be read is left alone, and the next one is begun', async () => {
  const directory = temporaryDirectory()
  const first = await opened(directory)
  first.journal.append(range(1, 3))
  await first.journal.close()
  await mkdir(join(directory, '000002.ndjson'))
  const { journal, damages } = await opened(directory)
  expect(damages).toMatchObject([{ kind: 'unreadable', segment: join(directory, '000002.ndjson') }])
  journal.append(range(4, 4))
  await journal.close()
  expect(await readFile(join(directory, '000003.ndjson'), 'utf8')).toBe(formatLine(numbered(4)))
})

test('other files in the directory are left alone', async () => {
  const directory = temporaryDirectory()
  await writeFile(join(directory, 'notes.txt'), 'mine')
  await writeFile(join(directory, '1.ndjson'), 'mine')
  const { journal, damages } = await opened(directory)
  journal.append(range(1, 1))
  await journal.close()
  expect(damages).toEqual([])
  expect((await readdir(directory)).toSorted()).toEqual(['000001.ndjson', '1.ndjson', 'notes.txt'])
})

test.each([
  ['there is no space left', (path: string) => symlink('/dev/full', path)],
  ['something is in the way', (path: string) => mkdir(path)],
])('when %s it says so once, acknowledges nothing more and goes on in memory', async (_, spoil) => {
  const directory = temporaryDirectory()
  const { journal, damages } = await opened(directory)
  await spoil(join(directory, '000001.ndjson'))
  journal.append(range(1, 2))
  await expect(journal.flush()).rejects.toMatchObject({ code: 'journal_write_failed', facts: { directory } })
  await rm(join(directory, '000001.ndjson'), { recursive: true })
  journal.append(range(3, 4))
  await expect(journal.flush()).rejects.toMatchObject({ code: 'journal_write_failed' })
  expect(await journal.query({})).toEqual(range(1, 4))
  expect(journal.nextSequence).toBe(5)
  await expect(journal.close()).rejects.toMatchObject({ code: 'journal_write_failed' })
  expect(damages).toMatchObject([{ kind: 'write_failed' }])
  expect(await readdir(directory)).toEqual([])
})

test('more than a disk can take in time is a failed write, not an endless queue', async () => {
  const { journal, damages } = await opened(temporaryDirectory(), { pending: 5 })
  journal.append(range(1, 6))
  expect(damages).toMatchObject([{ kind: 'write_failed' }])
  expect(await journal.query({})).toEqual(range(1, 6))
  await expect(journal.flush()).rejects.toMatchObject({ code: 'journal_write_failed' })
})

test('a journal whose directory is gone serves from memory', async () => {
  const { journal, damages } = await opened(join(temporaryDirectory(), 'gone'))
  journal.append(range(1, 1))
  await expect(journal.flush()).rejects.toMatchObject({ code: 'journal_write_failed' })
  expect(damages.map(({ kind }) => kind)).toEqual(['unreadable', 'write_failed'])
  expect(await journal.query({})).toEqual(range(1, 1))
})

test('nothing may come after close', async () => {
  const { journal } = await opened(temporaryDirectory())
  await journal.close()
  expect(() => journal.append(range(1, 1))).toThrow(expect.objectContaining({ code: 'internal' }))
})

test('followers see each record in the turn of its append, until they leave; one that fails is dropped and reported', async () => {
  const { journal, damages } = await opened(temporaryDirectory())
  const seen: number[] = []
  const stop = journal.follow((record) => seen.push(record.seq))
  journal.follow(() => {
    throw new Error('boom')
  })
  journal.append(range(1, 2))
  expect(seen).toEqual([1, 2])
  stop()
  journal.append(range(3, 3))
  expect(seen).toEqual([1, 2])
  expect(damages).toEqual([{ kind: 'follower_failed', why: 'boom' }])
  await journal.close()
})

test('history goes over into the present: each record once, in order, from where the client was', async () => {
  const { journal } = await opened(temporaryDirectory(), SMALL)
  journal.append(range(1, 50))
  await journal.flush()
  const seen: number[] = []
  const leaving = new AbortController()
  const query = { after: 20, kinds: ['wanted'] as const }
  const caughtUp = followFrom(journal, query, (record) => seen.push(record.seq), leaving.signal)
  journal.append(range(51, 60))
  await caughtUp
  journal.append(range(61, 70))
  leaving.abort()
  journal.append(range(71, 80))
  expect(seen).toEqual(range(21, 70).flatMap(({ kind, seq }) => (kind === 'wanted' ? [seq] : [])))
  await journal.close()
})

test('a follower that has left before is told nothing, and one whose history fails is not followed', async () => {
  const { journal } = await opened(temporaryDirectory())
  const seen: number[] = []
  await followFrom(journal, {}, (record) => seen.push(record.seq), AbortSignal.abort())
  const broken = { follow: journal.follow, query: () => Promise.reject(new Error('no disk')) }
  const signal = new AbortController().signal
  await expect(followFrom(broken, {}, (record) => seen.push(record.seq), signal)).rejects.toThrow('no disk')
  journal.append(range(1, 1))
  expect(seen).toEqual([])
  await journal.close()
})

test('gathers a victim with the plan that chose it and what led there, up to a moment', async () => {
  const { journal } = await opened(temporaryDirectory())
  const mistral = { model: 'mistral' }
  const records = [
    made('daemon_started', { version: '1', manifest: null, models: 2 }, { seq: 1 }),
    made('fetch', {}, { seq: 2, model: 'other' }),
    made('wanted', { request: 'r1', waiting: 1 }, { seq: 3, ...mistral }),
    made('planned', { action: 'evict', candidates: [], chosen: null }, { seq: 4, ...mistral, cause: [3] }),
    made(
      'stopping',
      { reason: 'operator', why: { rule: 'operator' }, leases: 0 },
      { seq: 5, model: 'qwen', cause: [4] },
    ),
    made('fetch', {}, { seq: 6, at: NOON + 1000, model: 'qwen' }),
  ]
  journal.append(records)
  const numbers = async (subject: Parameters<typeof gather>[1], until: number | null) =>
    (await gather(journal, subject, until)).map(({ seq }) => seq)
  expect(await numbers({ model: 'qwen' }, null)).toEqual([1, 3, 4, 5, 6])
  expect(await numbers({ model: 'qwen' }, NOON)).toEqual([1, 3, 4, 5])
  expect(await numbers({ request: 'r1' }, null)).toEqual([1, 3, 4])
  expect(await numbers({ request: 'none' }, null)).toEqual([1])
  await journal.close()
})

test('every damage has a sentence', () => {
  const segment = '/j/000001.ndjson'
  expect(describeDamage({ kind: 'torn_tail', segment, bytes: 20 })).toBe(
    'The last write to /j/000001.ndjson was cut short: 20B were taken off its end.',
  )
  expect(describeDamage({ kind: 'damaged_segment', segment, setAside: '/j/x', kept: 3, lost: 2 })).toContain('/j/x')
  expect(describeDamage({ kind: 'unreadable', segment, why: 'no permission' })).toContain('no permission')
  expect(describeDamage({ kind: 'not_removed', segment, why: 'no permission' })).toContain('no permission')
  expect(describeDamage({ kind: 'follower_failed', why: 'boom' })).toContain('boom')
})

test('lines are taken as they were written, from any hand', async () => {
  const directory = temporaryDirectory()
  const records = [made('stuck', { missing: [], why: 'ä\n\u2028 \ud83d\ude00 "x"' }, { seq: 1 })]
  await appendFile(join(directory, '000001.ndjson'), records.map(formatLine).join(''))
  const { journal, damages } = await opened(directory)
  expect(await journal.query({})).toEqual(records)
  expect(damages).toEqual([])
  await journal.close()
})
