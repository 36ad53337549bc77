import { createHash } from 'node:crypto'
import { createReadStream } from 'node:fs'

/** One slice is hashed without a pause; at 256 KiB that stays under a millisecond, so other work is not held up. */
const SLICE_BYTES = 256 * 1024

/** SHA-256 of a file as 64 hex digits. `onBytes` is told how many bytes are done. Rejects with the error of the read. */
export async function sha256OfFile(path: string, onBytes?: (bytes: number) => void): Promise<string> {
  const hash = createHash('sha256')
  let done = 0
  for await (const slice of createReadStream(path, { highWaterMark: SLICE_BYTES })) {
    hash.update(slice as Buffer)
    done += (slice as Buffer).length
    onBytes?.(done)
  }
  return hash.digest('hex')
}
