import { chmod, mkdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { join } from 'node:path'
import { z } from 'zod'
import type { Bytes } from '../core/index.ts'
import { renameDurable, syncPath, writeDurable } from '../lib/durable.ts'
import { sha256OfFile } from '../lib/sha256.ts'
import { makeStaging } from '../lib/staging.ts'
import { hasGgufMagic } from './gguf.ts'

/*
 * sha256/<digest>/model.gguf    the verified file (model.bin where it is not GGUF)
 * sha256/<digest>/verified.json what it looked like when its digest was last computed
 *
 * The directory of a digest appears by one rename, with both files in it and on disk, so whatever is visible is whole.
 * Hashing takes a second per gigabyte or so, too long for every load: while size and time of change are those of the
 * marker the file is taken as verified. That finds every ordinary accident (a cut, an edit, a file put in its place);
 * bits that rot on the disk are left to an explicit verification.
 */

const MARKER = 'verified.json'

const markerShape = z.strictObject({
  file: z.enum(['model.gguf', 'model.bin']),
  bytes: z.number().int(),
  /** Nanoseconds since the epoch, as text: a number cannot hold them. */
  mtime: z.string(),
})
type Marker = z.infer<typeof markerShape>

export type OnHashed = (bytes: Bytes) => void

export type Found =
  | { readonly kind: 'present'; readonly path: string }
  | { readonly kind: 'absent' }
  /** It was there and was not what it should be; it has been removed. */
  | { readonly kind: 'discarded'; readonly path: string; readonly why: string }

/** Looks for the file with this digest; verifies it again when it changed since it was verified. */
export async function findStored(directory: string, digest: string, onHashed?: OnHashed): Promise<Found> {
  const entry = entryOf(directory, digest)
  const marker = await readMarker(entry)
  if (marker === 'no entry') return { kind: 'absent' }
  if (marker === 'unreadable') return discard(directory, entry, 'its marker cannot be read')
  const path = join(entry, marker.file)
  const now = await describe(path)
  if (now === null) return discard(directory, entry, 'the file is gone')
  if (now.bytes === marker.bytes && now.mtime === marker.mtime) return { kind: 'present', path }
  const actual = await sha256OfFile(path, onHashed)
  if (actual !== digest) return discard(directory, entry, `it was changed: its sha256 is ${actual} now`)
  await writeMarker(directory, entry, { file: marker.file, ...now })
  return { kind: 'present', path }
}

/** Where the file with this digest is, by its marker alone; null when it is not here or changed. Changes nothing. */
export async function lookForStored(directory: string, digest: string): Promise<string | null> {
  const entry = entryOf(directory, digest)
  const marker = await readMarker(entry)
  if (typeof marker === 'string') return null
  const path = join(entry, marker.file)
  const now = await describe(path)
  return now?.bytes === marker.bytes && now.mtime === marker.mtime ? path : null
}

/**
 * Makes a file with a verified digest visible, from a staging directory below `directory`; returns its path. When another
 * process was faster, its file is taken and this one is left in the staging directory.
 */
export async function publish(directory: string, staging: string, file: string, digest: string): Promise<string> {
  const whole = join(staging, 'whole')
  await mkdir(whole, { mode: 0o700 })
  const name = (await hasGgufMagic(file)) ? 'model.gguf' : 'model.bin'
  const path = join(whole, name)
  await rename(file, path)
  await chmod(path, 0o600)
  await syncPath(path)
  const facts = await describe(path)
  if (facts === null) throw new Error(`${path} vanished while it was stored`)
  await writeDurable(join(whole, MARKER), JSON.stringify({ file: name, ...facts } satisfies Marker))
  await syncPath(whole)
  await mkdir(join(directory, 'sha256'), { recursive: true, mode: 0o700 })
  for (;;) {
    try {
      await renameDurable(whole, entryOf(directory, digest))
      return join(entryOf(directory, digest), name)
    } catch (error) {
      if (!isTaken(error)) throw error
      const found = await findStored(directory, digest)
      if (found.kind === 'present') return found.path
    }
  }
}

function entryOf(directory: string, digest: string): string {
  return join(directory, 'sha256', digest)
}

async function readMarker(entry: string): Promise<Marker | 'no entry' | 'unreadable'> {
  try {
    await stat(entry)
    return markerShape.parse(JSON.parse(await readFile(join(entry, MARKER), 'utf8')))
  } catch (error) {
    const gone = (error as NodeJS.ErrnoException).code === 'ENOENT'
    return gone && (error as NodeJS.ErrnoException).path === entry ? 'no entry' : 'unreadable'
  }
}

async function writeMarker(directory: string, entry: string, marker: Marker): Promise<void> {
  const staging = await makeStaging(directory)
  try {
    await writeDurable(join(staging, MARKER), JSON.stringify(marker))
    await renameDurable(join(staging, MARKER), join(entry, MARKER))
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
}

/** Out of sight by one rename, then removed: nobody finds half of it. */
async function discard(directory: string, entry: string, why: string): Promise<Found> {
  const staging = await makeStaging(directory)
  try {
    await rename(entry, join(staging, 'discarded'))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error
  } finally {
    await rm(staging, { recursive: true, force: true })
  }
  return { kind: 'discarded', path: entry, why }
}

async function describe(path: string): Promise<{ bytes: Bytes; mtime: string } | null> {
  try {
    const facts = await stat(path, { bigint: true })
    return { bytes: Number(facts.size), mtime: String(facts.mtimeNs) }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

function isTaken(error: unknown): boolean {
  const { code } = error as NodeJS.ErrnoException
  return code === 'ENOTEMPTY' || code === 'EEXIST'
}
