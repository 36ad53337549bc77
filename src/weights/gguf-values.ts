import type { Bytes } from '../core/index.ts'
import { NotGguf } from './gguf-cursor.ts'
import type { GgufCursor } from './gguf-cursor.ts'

/** A key of the metadata. The longest in use have some 60 characters; the format allows 65,535. */
const MAX_KEY_BYTES: Bytes = 64 * 1024 - 1
/** A longer text (chat templates reach 100 KB, licences more) is skipped and not among the scalars. */
const MAX_KEPT_TEXT_BYTES: Bytes = 64 * 1024
/** Entries of one array. The largest vocabularies have 262k tokens and half a million merges. */
const MAX_ARRAY_ITEMS = 16 * 1024 * 1024
/** A longer array of numbers is skipped as well: what says something of each layer has some hundred entries. */
const MAX_KEPT_ITEMS = 1024
/** Arrays within arrays. */
const MAX_ARRAY_DEPTH = 4

export type GgufScalar = string | number | bigint | boolean
export interface GgufArray {
  readonly entries: number
  /** Null for one that was skipped. */
  readonly values: readonly GgufScalar[] | null
}
export type GgufValue = GgufScalar | GgufArray

/** The value types of the format, by number. */
const TYPE = Object.freeze({ bool: 7, string: 8, array: 9 })

/** Types of a fixed size: bytes and how they are read. 64-bit integers stay bigint where a number would lose digits. */
const FIXED: ReadonlyMap<number, { size: Bytes; read: (bytes: Buffer) => GgufScalar }> = new Map([
  [0, { size: 1, read: (bytes) => bytes.readUInt8() }],
  [1, { size: 1, read: (bytes) => bytes.readInt8() }],
  [2, { size: 2, read: (bytes) => bytes.readUInt16LE() }],
  [3, { size: 2, read: (bytes) => bytes.readInt16LE() }],
  [4, { size: 4, read: (bytes) => bytes.readUInt32LE() }],
  [5, { size: 4, read: (bytes) => bytes.readInt32LE() }],
  [6, { size: 4, read: (bytes) => bytes.readFloatLE() }],
  [TYPE.bool, { size: 1, read: (bytes) => bytes.readUInt8() !== 0 }],
  [10, { size: 8, read: (bytes) => narrow(bytes.readBigUInt64LE()) }],
  [11, { size: 8, read: (bytes) => narrow(bytes.readBigInt64LE()) }],
  [12, { size: 8, read: (bytes) => bytes.readDoubleLE() }],
])

/** One key with its value; undefined for a long text, which is skipped as arrays of texts or of many numbers are. */
export async function readPair(cursor: GgufCursor): Promise<readonly [key: string, value: GgufValue | undefined]> {
  const length = await cursor.count('bytes of a key')
  if (length > MAX_KEY_BYTES) throw new NotGguf(`a key of its metadata claims ${length} bytes`)
  await cursor.need(length)
  const key = cursor.take(length).toString('utf8')
  return [key, await readValue(cursor, await cursor.u32(), key)]
}

async function readValue(cursor: GgufCursor, type: number, key: string): Promise<GgufValue | undefined> {
  if (type === TYPE.array) return readArray(cursor, key, 1)
  if (type === TYPE.string) return readText(cursor)
  const fixed = FIXED.get(type)
  if (!fixed) throw new NotGguf(`${JSON.stringify(key.slice(0, 64))} has the unknown type ${type}`)
  await cursor.need(fixed.size)
  return fixed.read(cursor.take(fixed.size))
}

async function readText(cursor: GgufCursor): Promise<string | undefined> {
  const length = await cursor.count('bytes of a text')
  if (length > MAX_KEPT_TEXT_BYTES) {
    cursor.skip(length)
    return undefined
  }
  await cursor.need(length)
  return cursor.take(length).toString('utf8')
}

async function readArray(cursor: GgufCursor, key: string, depth: number): Promise<GgufArray> {
  const type = await cursor.u32()
  const count = await cursor.count('array entries')
  if (count > MAX_ARRAY_ITEMS) throw new NotGguf(`${JSON.stringify(key.slice(0, 64))} claims ${count} entries`)
  const fixed = FIXED.get(type)
  if (fixed && depth === 1 && count <= MAX_KEPT_ITEMS) {
    await cursor.need(fixed.size * count)
    return { entries: count, values: Array.from({ length: count }, () => fixed.read(cursor.take(fixed.size))) }
  }
  if (fixed) {
    cursor.skip(fixed.size * count)
  } else if (type === TYPE.string) {
    for (let item = 0; item < count; item += 1) {
      if (!cursor.has(8)) await cursor.need(8)
      cursor.skip(cursor.takeCount('bytes of a text'))
    }
  } else if (type === TYPE.array && depth < MAX_ARRAY_DEPTH) {
    for (let item = 0; item < count; item += 1) await readArray(cursor, key, depth + 1)
  } else {
    throw new NotGguf(`${JSON.stringify(key.slice(0, 64))} is an array of the unknown type ${type}`)
  }
  return { entries: count, values: null }
}

function narrow(value: bigint): number | bigint {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value
}
