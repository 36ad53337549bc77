import { mkdir, readFile, readdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import type { JournalRecord } from '../../../src/core/index.ts'
import { JOURNAL_LIMITS, openJournal } from '../../../src/journal/index.ts'
import type { Journal, JournalDamage } from '../../../src/journal/index.ts'
import { formatLine } from '../../../src/journal/line.ts'
import { KEPT_DAMAGED_SEGMENTS } from '../../../src/journal/mend.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { made } from './samples.ts'

/*
 * Every state that a crash or a failing disk may leave the last segment in, near its end: whatever it is, the journal
 * opens, holds a prefix of what was written, says what it lost, and goes on.
 */

const RECORDS = Array.from({ length: 6 }, (_, index) =>
  made('wanted', { request: `r${index}`, waiting: 1 }, { seq: index + 1, at: 1, model: 'ö' }),
)
const OLDER = RECORDS.slice(0, 2)
const LATEST = RECORDS.slice(2)
const LINES = LATEST.map((record) => Buffer.from(formatLine(record)))
const WHOLE = Buffer.concat(LINES)
/** Where each line of the last segment ends. */
const ENDS = LINES.reduce<number[]>((ends, line) => [...ends, (ends.at(-1) ?? 0) + line.length], [])
/** Where the last three records begin. */
const SWEPT_FROM = ENDS[0] ?? 0

async function openOn(directory: string, content: Buffer): Promise<{ journal: Journal; damages: JournalDamage[] }> {
  await rm(directory, { recursive: true, force: true })
  await mkdir(directory)
  await writeFile(join(directory, '000001.ndjson'), OLDER.map(formatLine).join(''))
  await writeFile(join(directory, '000002.ndjson'), content)
  const damages: JournalDamage[] = []
  const onDamage = (damage: JournalDamage) => damages.push(damage)
  return { journal: await openJournal({ directory, onDamage, limits: JOURNAL_LIMITS }), damages }
}

/** Going on takes several syncs, so that it is tried at some offsets only. */
const GOES_ON_EVERY = 16

/** The journal holds exactly the first `count` records. */
async function holds(journal: Journal, count: number): Promise<void> {
  expect(await journal.query({})).toEqual(RECORDS.slice(0, count))
  // No number that may have been seen is given again.
  expect(journal.nextSequence).toBeGreaterThan(count)
}

/** The journal holds exactly the first `count` records, takes another, and holds that too after the next start. */
async function goesOn(directory: string, journal: Journal, count: number): Promise<void> {
  const prefix = RECORDS.slice(0, count)
  await holds(journal, count)
  const next: JournalRecord = made('fetch', {}, { seq: journal.nextSequence })
  journal.append([next])
  await journal.close()
  const again = await openJournal({ directory, onDamage: (damage) => expect(damage).toBeUndefined() })
  expect(await again.query({})).toEqual([...prefix, next])
  await again.close()
}

const offsets = Array.from({ length: WHOLE.length - SWEPT_FROM + 1 }, (_, index) => SWEPT_FROM + index)

test('cut at every byte of the last three records', { timeout: 120_000 }, async () => {
  const directory = join(temporaryDirectory(), 'journal')
  for (const offset of offsets) {
    const { journal, damages } = await openOn(directory, WHOLE.subarray(0, offset))
    const whole = ENDS.filter((end) => end <= offset).length
    const rest = offset - (ENDS[whole - 1] ?? 0)
    expect(damages).toEqual(
      rest === 0 ? [] : [{ kind: 'torn_tail', segment: join(directory, '000002.ndjson'), bytes: rest }],
    )
    if (offset % GOES_ON_EVERY === 0) await goesOn(directory, journal, OLDER.length + whole)
    else await holds(journal, OLDER.length + whole)
  }
})

test('one bit flipped in each byte of the last three records', { timeout: 120_000 }, async () => {
  const directory = join(temporaryDirectory(), 'journal')
  for (const offset of offsets.slice(0, -1)) {
    const content = Buffer.from(WHOLE)
    content[offset] = (content[offset] ?? 0) ^ (1 << (offset % 8))
    const { journal, damages } = await openOn(directory, content)
    const before = ENDS.filter((end) => end <= offset).length
    expect(damages).toHaveLength(1)
    // Only the very last line feed makes what a torn write leaves.
    const kind = offset === WHOLE.length - 1 ? 'torn_tail' : 'damaged_segment'
    expect(damages).toMatchObject([{ kind }])
    // Records after the damage were seen; their numbers are theirs for good. A lost line feed takes two lines with it.
    expect(journal.nextSequence).toBeGreaterThanOrEqual(offset < (ENDS.at(-2) ?? 0) - 1 ? 7 : 5)
    if (kind === 'damaged_segment') {
      expect(await readFile(join(directory, '000002.ndjson.1.damaged'))).toEqual(content)
    }
    if (offset % GOES_ON_EVERY === 0) await goesOn(directory, journal, OLDER.length + before)
    else await holds(journal, OLDER.length + before)
  }
})

test.each([
  ['nothing', Buffer.alloc(0), 0],
  ['zeros', Buffer.alloc(4096), 1],
  ['zeros after the records', Buffer.concat([WHOLE, Buffer.alloc(512)]), 1],
  ['an empty line', Buffer.concat([WHOLE, Buffer.from('\n')]), 1],
  ['text', Buffer.from('not a journal\n'), 1],
  ['a line whose checksum is right and that is no record', Buffer.from('629e1ae0 {}\n'), 1],
])('a last segment of %s opens', async (_, content, damaged) => {
  const directory = join(temporaryDirectory(), 'journal')
  const { journal, damages } = await openOn(directory, content)
  expect(damages).toHaveLength(damaged)
  await goesOn(directory, journal, content.includes(WHOLE) ? RECORDS.length : OLDER.length)
})

test('damaged segments that were set aside are bounded, the latest stay', async () => {
  const directory = temporaryDirectory()
  const path = join(directory, '000001.ndjson')
  for (let time = 1; time <= KEPT_DAMAGED_SEGMENTS + 3; time++) {
    await writeFile(path, `damage ${time}\n`)
    const journal = await openJournal({ directory, onDamage: () => undefined })
    await journal.close()
  }
  const aside = (await readdir(directory)).filter((name) => name.endsWith('.damaged'))
  expect(aside).toHaveLength(KEPT_DAMAGED_SEGMENTS)
  const texts = await Promise.all(aside.map((name) => readFile(join(directory, name), 'utf8')))
  expect(texts).toContain(`damage ${KEPT_DAMAGED_SEGMENTS + 3}\n`)
})
