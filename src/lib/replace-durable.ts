import { randomBytes } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { renameDurable, writeDurable } from './durable.ts'

/**
 * Replaces the file at `path` as a whole: a reader, or a start after a power cut, finds the old text or the new one.
 * Mode 0600. On disk, name and bytes, when it resolves; a failure leaves the old file and no temporary one.
 */
export async function replaceDurable(path: string, text: string): Promise<void> {
  const temporary = `${path}.${randomBytes(6).toString('hex')}.tmp`
  try {
    await writeDurable(temporary, text)
    await renameDurable(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
}
