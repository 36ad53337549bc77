import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Bytes, Tokens } from '../core/index.ts'
import { GgufCursor, NotGguf } from './gguf-cursor.ts'
import { DEFAULT_ALIGNMENT, endOf, readTensorEntry, tensorsOf } from './gguf-tensors.ts'
import type { GgufTensor, TensorEntry } from './gguf-tensors.ts'
import { readPair } from './gguf-values.ts'
import type { GgufScalar } from './gguf-values.ts'

/** The largest real header (262k tokens) has 16 MB. */
const MAX_HEADER_BYTES: Bytes = 256 * 1024 * 1024
/** Real files have some 50 keys. */
const MAX_KEYS = 16 * 1024
/** Real files have some 2,000 tensors. */
const MAX_TENSORS = 256 * 1024
/** What the smallest key with its value, and the smallest entry of the tensor table, take in a file. */
const MIN_PAIR_BYTES: Bytes = 13
const MIN_TENSOR_BYTES: Bytes = 24

const MAGIC = 'GGUF'
const VERSIONS: ReadonlySet<number> = new Set([2, 3])

/** What a GGUF file says of itself. */
export interface GgufHeader {
  readonly version: number
  readonly tensors: readonly GgufTensor[]
  /** `general.architecture`. */
  readonly architecture: string | null
  /** `<architecture>.context_length`: what the model was trained for. */
  readonly trainedContext: Tokens | null
  /** All metadata that is one value; texts over 64 KiB are left out. */
  readonly scalars: ReadonlyMap<string, GgufScalar>
  /** All metadata that is a short list of numbers, such as one for each layer. */
  readonly lists: ReadonlyMap<string, readonly GgufScalar[]>
  /** How many entries every other array has. */
  readonly entries: ReadonlyMap<string, number>
}

export type GgufResult =
  | { readonly kind: 'header'; readonly header: GgufHeader }
  /** `why` ends a sentence, no full stop. */
  | { readonly kind: 'wrong'; readonly why: string }

/**
 * Reads the header of a GGUF file (version 2 or 3, little endian) and checks that the file reaches to the end of its
 * last tensor; the tensors themselves are not read. Rejects only with the error of the file system.
 */
export async function readGguf(path: string): Promise<GgufResult> {
  const file = await open(path, 'r')
  try {
    return { kind: 'header', header: await readHeader(file, (await file.stat()).size) }
  } catch (error) {
    if (error instanceof NotGguf) return { kind: 'wrong', why: error.message }
    throw error
  } finally {
    await file.close()
  }
}

/** Does the file begin like a GGUF file? */
export async function hasGgufMagic(path: string): Promise<boolean> {
  const file = await open(path, 'r')
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(MAGIC.length), 0, MAGIC.length, 0)
    return buffer.toString('latin1', 0, bytesRead) === MAGIC
  } finally {
    await file.close()
  }
}

async function readHeader(file: FileHandle, size: Bytes): Promise<GgufHeader> {
  const cursor = new GgufCursor(file, size, MAX_HEADER_BYTES)
  await checkMagic(cursor)
  const version = await cursor.u32()
  if (!VERSIONS.has(version)) throw new NotGguf(versionProblem(version))
  const tensors = await cursor.count('tensors')
  const keys = await cursor.count('metadata keys')
  if (tensors > MAX_TENSORS || tensors * MIN_TENSOR_BYTES > cursor.remaining) {
    throw new NotGguf(`it claims ${tensors} tensors in ${size} bytes`)
  }
  if (keys > MAX_KEYS || keys * MIN_PAIR_BYTES > cursor.remaining) {
    throw new NotGguf(`it claims ${keys} metadata keys in ${size} bytes`)
  }
  const { scalars, ...arrays } = await readMetadata(cursor, keys)
  const table = await readTensors(cursor, size, tensors, scalars)
  const architecture = scalars.get('general.architecture')
  const trained = typeof architecture === 'string' ? scalars.get(`${architecture}.context_length`) : undefined
  return Object.freeze({
    version,
    tensors: table,
    architecture: typeof architecture === 'string' ? architecture : null,
    trainedContext: typeof trained === 'number' && Number.isInteger(trained) && trained > 0 ? trained : null,
    scalars,
    ...arrays,
  })
}

async function checkMagic(cursor: GgufCursor): Promise<void> {
  if (cursor.remaining === 0) throw new NotGguf('the file is empty')
  const length = Math.min(MAGIC.length, cursor.remaining)
  await cursor.need(length)
  const magic = cursor.take(length).toString('latin1')
  if (magic !== MAGIC) throw new NotGguf(`it is not a GGUF file: it begins with ${JSON.stringify(magic)}`)
}

function versionProblem(version: number): string {
  const swapped = Buffer.alloc(4)
  swapped.writeUInt32BE(version)
  return VERSIONS.has(swapped.readUInt32LE())
    ? 'it is a big-endian GGUF file, and only little-endian ones can be read'
    : `it is a GGUF file of version ${version}, and only 2 and 3 can be read`
}

async function readMetadata(
  cursor: GgufCursor,
  keys: number,
): Promise<Pick<GgufHeader, 'scalars' | 'lists' | 'entries'>> {
  const scalars = new Map<string, GgufScalar>()
  const lists = new Map<string, readonly GgufScalar[]>()
  const entries = new Map<string, number>()
  for (let pair = 0; pair < keys; pair += 1) {
    const [key, value] = await readPair(cursor)
    if (typeof value === 'object') {
      if (value.values === null) entries.set(key, value.entries)
      else lists.set(key, value.values)
    } else if (value !== undefined) scalars.set(key, value)
  }
  return { scalars, lists, entries }
}

/** A download or a copy that broke off has a whole header and too few tensor data: that is no model. */
async function readTensors(
  cursor: GgufCursor,
  size: Bytes,
  count: number,
  scalars: ReadonlyMap<string, GgufScalar>,
): Promise<readonly GgufTensor[]> {
  const entries: TensorEntry[] = []
  for (let tensor = 0; tensor < count; tensor += 1) entries.push(await readTensorEntry(cursor))
  const end = entries.reduce((furthest, entry) => Math.max(furthest, endOf(entry)), 0)
  if (end === 0) return []
  const stated = scalars.get('general.alignment')
  const alignment = typeof stated === 'number' && stated > 0 ? stated : DEFAULT_ALIGNMENT
  const start = Math.ceil(cursor.position / alignment) * alignment
  if (start + end > size) {
    throw new NotGguf(`it is cut off: its tensors need ${start + end} bytes and the file has ${size}`)
  }
  return tensorsOf(entries, size - start)
}
