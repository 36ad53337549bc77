import { getSystemErrorMap } from 'node:util'

/** A failed system call in words for a sentence: `permission denied (EACCES)`; other errors give their message. */
export function systemReason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const errno = 'errno' in error ? error.errno : undefined
  const known = typeof errno === 'number' ? getSystemErrorMap().get(errno) : undefined
  return known ? `${known[1]} (${known[0]})` : error.message
}

/** `ENOENT` and the like; undefined for errors that are not of the system. */
export function systemCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
