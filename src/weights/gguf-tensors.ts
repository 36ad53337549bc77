import type { Bytes } from '../core/index.ts'
import { NotGguf } from './gguf-cursor.ts'
import type { GgufCursor } from './gguf-cursor.ts'

/** Where tensor data starts and what it is aligned to, unless `general.alignment` says otherwise. */
export const DEFAULT_ALIGNMENT: Bytes = 32
/** The format's own limits. */
const MAX_DIMENSIONS = 4
const MAX_NAME_BYTES: Bytes = 64

/** Elements and bytes of one block, by the format's type number (llama.cpp's ggml.h). */
const BLOCKS: ReadonlyMap<number, readonly [elements: number, bytes: Bytes]> = new Map([
  [0, [1, 4]], // F32
  [1, [1, 2]], // F16
  [2, [32, 18]], // Q4_0
  [3, [32, 20]], // Q4_1
  [6, [32, 22]], // Q5_0
  [7, [32, 24]], // Q5_1
  [8, [32, 34]], // Q8_0
  [9, [32, 36]], // Q8_1
  [10, [256, 84]], // Q2_K
  [11, [256, 110]], // Q3_K
  [12, [256, 144]], // Q4_K
  [13, [256, 176]], // Q5_K
  [14, [256, 210]], // Q6_K
  [15, [256, 292]], // Q8_K
  [16, [256, 66]], // IQ2_XXS
  [17, [256, 74]], // IQ2_XS
  [18, [256, 98]], // IQ3_XXS
  [19, [256, 50]], // IQ1_S
  [20, [32, 18]], // IQ4_NL
  [21, [256, 110]], // IQ3_S
  [22, [256, 82]], // IQ2_S
  [23, [256, 136]], // IQ4_XS
  [24, [1, 1]], // I8
  [25, [1, 2]], // I16
  [26, [1, 4]], // I32
  [27, [1, 8]], // I64
  [28, [1, 8]], // F64
  [29, [256, 56]], // IQ1_M
  [30, [1, 2]], // BF16
  [34, [256, 54]], // TQ1_0
  [35, [256, 66]], // TQ2_0
  [39, [32, 17]], // MXFP4
  [40, [64, 36]], // NVFP4
])

/** A tensor of a file. */
export interface GgufTensor {
  readonly name: string
  /** In the file, and in memory as it is loaded. */
  readonly bytes: Bytes
}

/** An entry of the tensor table. */
export interface TensorEntry {
  readonly name: string
  /** Behind the start of all tensor data. */
  readonly offset: Bytes
  /** Null for a type that is newer than the table of types. */
  readonly bytes: Bytes | null
}

/** Reads one entry of the tensor table. */
export async function readTensorEntry(cursor: GgufCursor): Promise<TensorEntry> {
  const nameLength = await cursor.count('bytes of a tensor name')
  if (nameLength > MAX_NAME_BYTES) throw new NotGguf(`a tensor's name claims ${nameLength} bytes`)
  await cursor.need(nameLength)
  const name = cursor.take(nameLength).toString('utf8')
  const dimensions = await cursor.u32()
  if (dimensions > MAX_DIMENSIONS) throw new NotGguf(`a tensor claims ${dimensions} dimensions`)
  let elements = 1
  for (let dimension = 0; dimension < dimensions; dimension += 1) elements *= await cursor.count('tensor elements')
  const block = BLOCKS.get(await cursor.u32())
  const offset = await cursor.count('bytes before a tensor')
  return { name, offset, bytes: block ? Math.ceil(elements / block[0]) * block[1] : null }
}

/** How far the data of an entry reach, as far as that is known: at least its first byte is there. */
export function endOf({ offset, bytes }: TensorEntry): Bytes {
  return offset + (bytes ?? 1)
}

/** The tensors of a file with `dataBytes` of them. One whose type is not known reaches to the next. */
export function tensorsOf(entries: readonly TensorEntry[], dataBytes: Bytes): readonly GgufTensor[] {
  if (entries.every(({ bytes }) => bytes !== null)) {
    return entries.map(({ name, bytes }) => ({ name, bytes: bytes ?? 0 }))
  }
  const sorted = entries.toSorted((a, b) => a.offset - b.offset)
  return sorted.map(({ name, offset, bytes }, index) => ({
    name,
    bytes: bytes ?? Math.max((sorted[index + 1]?.offset ?? dataBytes) - offset, 0),
  }))
}
