import { link, open, readdir, rm } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import { syncPath } from '../lib/durable.ts'
import { replaceDurable } from '../lib/replace-durable.ts'
import { systemReason } from '../lib/system-reason.ts'
import type { JournalDamage } from './damage.ts'
import { formatLine } from './line.ts'
import type { SegmentScan } from './segment.ts'

/** Damaged segments that are kept to be looked at; the oldest go. */
export const KEPT_DAMAGED_SEGMENTS = 4

/**
 * Makes a segment whole again: what stands before the damage stays, what a torn write left is cut off, and of any
 * other damage the whole file is set aside first. At every moment there is a segment of this name to be read.
 * Never rejects.
 */
export async function mendSegment(path: string, scan: SegmentScan): Promise<JournalDamage> {
  try {
    if (scan.torn) {
      await truncateDurable(path, scan.goodBytes)
      return { kind: 'torn_tail', segment: path, bytes: scan.size - scan.goodBytes }
    }
    const setAside = await linkAside(path)
    await replaceDurable(path, scan.records.map(formatLine).join(''))
    await prune(dirname(path))
    return { kind: 'damaged_segment', segment: path, setAside, kept: scan.records.length, lost: scan.lost }
  } catch (error) {
    return { kind: 'unreadable', segment: path, why: systemReason(error) }
  }
}

async function truncateDurable(path: string, length: number): Promise<void> {
  const file = await open(path, 'r+')
  try {
    await file.truncate(length)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** The count rises by one, also past those that are gone: the highest is the latest. */
async function linkAside(path: string): Promise<string> {
  const directory = dirname(path)
  const before = (await damagedIn(directory)).filter((name) => name.startsWith(`${basename(path)}.`))
  const aside = `${path}.${numbersOf(before.at(-1) ?? '').count + 1}.damaged`
  await link(path, aside)
  await syncPath(directory)
  return aside
}

async function prune(directory: string): Promise<void> {
  for (const name of (await damagedIn(directory)).slice(0, -KEPT_DAMAGED_SEGMENTS)) await rm(join(directory, name))
}

/** Names of the form `000001.ndjson.1.damaged`, the oldest first. */
async function damagedIn(directory: string): Promise<readonly string[]> {
  return (await readdir(directory)).filter((name) => /^\d+\.ndjson\.\d+\.damaged$/.test(name)).toSorted(byAge)
}

function byAge(a: string, b: string): number {
  const [left, right] = [numbersOf(a), numbersOf(b)]
  return left.segment - right.segment || left.count - right.count
}

function numbersOf(name: string): { segment: number; count: number } {
  const [segment, , count] = name.split('.')
  return { segment: Number(segment), count: Number(count ?? 0) }
}
