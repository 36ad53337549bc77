import type { Bytes } from '../core/index.ts'

export interface MemoryInfo {
  readonly total: Bytes
  /** What new processes can take without swapping: free memory and the caches that give way. Null before Linux 3.14. */
  readonly available: Bytes | null
}

/** `text` is that of /proc/meminfo, whose `kB` are 1024 bytes. Undefined when it names no total. */
export function parseMeminfo(text: string): MemoryInfo | undefined {
  const total = field(text, 'MemTotal')
  return total === null ? undefined : { total, available: field(text, 'MemAvailable') }
}

function field(text: string, name: string): Bytes | null {
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text)
  return match ? Number(match[1]) * 1024 : null
}
