import type { JournalRecord } from '../core/index.ts'
import { crc32c } from '../lib/crc32c.ts'

/*
 * One record per line: the CRC-32C of the JSON's bytes as 8 lower-case hex digits, a space, the JSON, a line feed.
 * Readable with any tool, and no byte of it can change unnoticed.
 */
const CHECKSUM = 8
const SPACE = 0x20

export function formatLine(record: JournalRecord): string {
  const json = JSON.stringify(record)
  return `${checksum(Buffer.from(json))} ${json}\n`
}

/** The record of a line without its line feed; null when the line is damaged. Keeps kinds of later versions. */
export function parseLine(line: Buffer): JournalRecord | null {
  if (line.length <= CHECKSUM + 1 || line[CHECKSUM] !== SPACE) return null
  const json = line.subarray(CHECKSUM + 1)
  if (line.toString('latin1', 0, CHECKSUM) !== checksum(json)) return null
  let value: unknown
  try {
    value = JSON.parse(json.toString('utf8'))
  } catch {
    return null
  }
  return isRecord(value) ? value : null
}

function checksum(json: Uint8Array): string {
  return crc32c(json).toString(16).padStart(CHECKSUM, '0')
}

/** The checksum proves that this program wrote the line; this proves that the line was a record. */
function isRecord(value: unknown): value is JournalRecord {
  if (typeof value !== 'object' || value === null) return false
  const fields: Partial<Record<string, unknown>> = { ...value }
  return (
    Number.isSafeInteger(fields['seq']) &&
    Number.isFinite(fields['at']) &&
    typeof fields['kind'] === 'string' &&
    Array.isArray(fields['cause']) &&
    typeof fields['evidence'] === 'object' &&
    fields['evidence'] !== null
  )
}
