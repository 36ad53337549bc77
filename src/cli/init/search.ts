import type { Stats } from 'node:fs'
import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'

import type { Instant } from '../../core/index.ts'

export interface Place {
  readonly path: string
  readonly depth: number
}

export interface SearchOptions {
  readonly entries: number
  readonly until: Instant
  readonly now: () => Instant
  readonly signal: AbortSignal
}

export interface Searched {
  /** Files by name `.gguf`, each once however many links lead to it, in the order of the places. */
  readonly files: readonly string[]
  /** Why the search ended before everything was looked at; null when it did not. */
  readonly cut: string | null
}

interface Walk extends SearchOptions {
  left: number
  cut: string | null
  /** Device and inode of what was met: links may lead round in circles. */
  readonly met: Set<string>
  readonly files: string[]
}

/** Never holds weights, and may be large. */
const SKIPPED: ReadonlySet<string> = new Set(['node_modules', '__pycache__'])

/** Follows links, enters no hidden directory below a place, and passes over what it may not read. */
export async function searchGguf(places: readonly Place[], options: SearchOptions): Promise<Searched> {
  const walk: Walk = { ...options, left: options.entries, cut: null, met: new Set(), files: [] }
  for (const place of places) await visit(place.path, place.depth, walk)
  return { files: walk.files, cut: walk.cut }
}

async function visit(path: string, depth: number, walk: Walk): Promise<void> {
  if (isOver(walk)) return
  const facts = await stat(path).catch(() => null)
  if (facts?.isFile()) return void (/\.gguf$/i.test(path) && isNew(facts, walk) && walk.files.push(path))
  if (!facts?.isDirectory() || depth < 0 || !isNew(facts, walk)) return
  const entries = await readdir(path, { withFileTypes: true }).catch(() => [])
  walk.left -= entries.length
  for (const entry of entries.toSorted((a, b) => (a.name < b.name ? -1 : 1))) {
    const below = join(path, entry.name)
    if (entry.isFile() || entry.isSymbolicLink()) {
      if (/\.gguf$/i.test(entry.name)) await visit(below, depth, walk)
      else if (entry.isSymbolicLink() && isEntered(entry.name)) await visit(below, depth - 1, walk)
    } else if (entry.isDirectory() && isEntered(entry.name)) await visit(below, depth - 1, walk)
  }
}

function isEntered(name: string): boolean {
  return !name.startsWith('.') && !SKIPPED.has(name)
}

function isNew(facts: Stats, { met }: Walk): boolean {
  const identity = `${facts.dev}:${facts.ino}`
  if (met.has(identity)) return false
  met.add(identity)
  return true
}

function isOver(walk: Walk): boolean {
  walk.signal.throwIfAborted()
  if (walk.left < 0) walk.cut ??= `there are more than ${walk.entries} files`
  else if (walk.now() > walk.until) walk.cut ??= 'it took too long'
  return walk.cut !== null
}
