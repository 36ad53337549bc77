import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Bytes } from '../core/index.ts'

/** The length of the header stands first, in 64 bits. */
const PREFIX_BYTES = 8
/** The format's own limit. */
const MAX_HEADER_BYTES: Bytes = 100_000_000

/**
 * Why a file is not what its header says: it ends where its last tensor ends. Null when it is. The tensors themselves
 * are not read. `why` ends a sentence, no full stop. Rejects only with the error of the file system.
 */
export async function faultOfSafetensors(path: string): Promise<string | null> {
  const file = await open(path, 'r')
  try {
    return await faultOf(file, (await file.stat()).size)
  } finally {
    await file.close()
  }
}

async function faultOf(file: FileHandle, size: Bytes): Promise<string | null> {
  if (size < PREFIX_BYTES) return 'the file is too short for safetensors'
  const prefix = await read(file, 0, PREFIX_BYTES)
  const length = prefix.readBigUInt64LE(0)
  if (length > BigInt(MAX_HEADER_BYTES)) return 'the file is not safetensors'
  const headerBytes = Number(length)
  if (PREFIX_BYTES + headerBytes > size) return 'the file is cut off in its header'
  const data = dataBytesOf((await read(file, PREFIX_BYTES, headerBytes)).toString('utf8'))
  if (data === null) return 'the header of the file is not that of safetensors'
  const expected = PREFIX_BYTES + headerBytes + data
  if (size === expected) return null
  return size < expected
    ? `the file is cut off: it has ${size} of ${expected} bytes`
    : 'the file goes on after its last tensor'
}

async function read(file: FileHandle, position: number, length: Bytes): Promise<Buffer> {
  const { buffer, bytesRead } = await file.read(Buffer.alloc(length), 0, length, position)
  return buffer.subarray(0, bytesRead)
}

/** Where the last tensor ends; null for what is no header. */
function dataBytesOf(text: string): Bytes | null {
  let header: unknown
  try {
    header = JSON.parse(text)
  } catch {
    return null
  }
  if (typeof header !== 'object' || header === null) return null
  let end = 0
  for (const [name, tensor] of Object.entries(header) as [string, unknown][]) {
    if (name === '__metadata__') continue
    const last = endOf(tensor)
    if (last === null) return null
    end = Math.max(end, last)
  }
  return end
}

function endOf(tensor: unknown): Bytes | null {
  if (typeof tensor !== 'object' || tensor === null || !('data_offsets' in tensor)) return null
  const { data_offsets: offsets } = tensor
  const last: unknown = Array.isArray(offsets) ? offsets[1] : null
  return typeof last === 'number' && Number.isSafeInteger(last) && last >= 0 ? last : null
}
