import type { FileHandle } from 'node:fs/promises'
import type { Bytes } from '../core/index.ts'

/** One read. A header with a vocabulary of 262k tokens has 16 MB, which makes sixteen reads. */
const WINDOW_BYTES: Bytes = 1024 * 1024

/** Why a file is not a GGUF file that can be used: ends a sentence, no full stop. */
export class NotGguf extends Error {}

/**
 * Reads a GGUF header forwards through a window of the file, so that no count or length in a hostile file decides how
 * much memory is taken: what is larger than the file is refused, what is not wanted is skipped without being read.
 */
export class GgufCursor {
  readonly #file: FileHandle
  readonly #size: Bytes
  readonly #limit: Bytes
  #window = Buffer.alloc(0)
  /** Offset in the file of the window's first byte. */
  #start = 0
  /** Offset in the file of the next byte. */
  #at = 0

  /** `size` of the whole file; `limit`: no header reaches further. */
  constructor(file: FileHandle, size: Bytes, limit: Bytes) {
    this.#file = file
    this.#size = size
    this.#limit = limit
  }

  get position(): Bytes {
    return this.#at
  }

  get remaining(): Bytes {
    return this.#size - this.#at
  }

  /** Synchronous when the window holds `length` bytes more: arrays of hundreds of thousands of strings are walked. */
  has(length: Bytes): boolean {
    return this.#at >= this.#start && this.#at + length <= this.#start + this.#window.length
  }

  /** Makes the next `length` bytes readable by `take`. */
  async need(length: Bytes): Promise<void> {
    this.#check(length)
    if (this.has(length)) return
    const want = Math.min(Math.max(length, WINDOW_BYTES), this.remaining)
    const window = Buffer.alloc(want)
    let filled = 0
    while (filled < length) {
      const { bytesRead } = await this.#file.read(window, filled, want - filled, this.#at + filled)
      if (bytesRead === 0) throw new NotGguf('the file became shorter while it was read')
      filled += bytesRead
    }
    this.#window = window.subarray(0, filled)
    this.#start = this.#at
  }

  /** The next bytes; `need` has made them readable. */
  take(length: Bytes): Buffer {
    const from = this.#at - this.#start
    this.#at += length
    return this.#window.subarray(from, from + length)
  }

  skip(length: Bytes): void {
    this.#check(length)
    this.#at += length
  }

  async u32(): Promise<number> {
    await this.need(4)
    return this.take(4).readUInt32LE()
  }

  /** A count or length. What no file can hold is refused before it becomes a number. */
  async count(what: string): Promise<number> {
    await this.need(8)
    return this.takeCount(what)
  }

  /** As `count`, when `need` has made eight bytes readable. */
  takeCount(what: string): number {
    const value = this.take(8).readBigUInt64LE()
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw new NotGguf(`it claims ${value} ${what}`)
    return Number(value)
  }

  #check(length: Bytes): void {
    if (length > this.remaining) throw new NotGguf('the file ends inside its header')
    if (this.#at + length > this.#limit) throw new NotGguf(`its header is larger than ${this.#limit} bytes`)
  }
}
