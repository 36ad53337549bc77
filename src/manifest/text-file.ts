import { constants } from 'node:fs'
import { open } from 'node:fs/promises'
import type { FileHandle } from 'node:fs/promises'
import type { Bytes } from '../core/index.ts'

/** What stands at a path where text is expected. */
export type TextFile =
  | { readonly kind: 'text'; readonly text: string }
  /** `too_large` files are not read. */
  | { readonly kind: 'too_large'; readonly size: Bytes }
  | { readonly kind: 'absent' | 'directory'; readonly cause?: unknown }
  | { readonly kind: 'unreadable'; readonly why: string; readonly cause?: unknown }

/** Reads a file of UTF-8 text, at most so large. Waits for nobody and throws nothing. */
export async function readTextFile(path: string, sizeMax: Bytes): Promise<TextFile> {
  try {
    // Without O_NONBLOCK a FIFO would keep us until somebody writes to it.
    await using file = await open(path, constants.O_RDONLY | constants.O_NONBLOCK)
    return await readOpened(file, sizeMax)
  } catch (cause) {
    const code = cause instanceof Error && 'code' in cause ? String(cause.code) : String(cause)
    if (code === 'ENOENT' || code === 'ENOTDIR') return { kind: 'absent', cause }
    return { kind: 'unreadable', why: code === 'EACCES' ? 'permission denied' : code, cause }
  }
}

async function readOpened(file: FileHandle, sizeMax: Bytes): Promise<TextFile> {
  const stat = await file.stat()
  if (stat.isDirectory()) return { kind: 'directory' }
  if (!stat.isFile()) return { kind: 'unreadable', why: 'it is not a file' }
  return stat.size > sizeMax ? { kind: 'too_large', size: stat.size } : decode(await file.readFile())
}

function decode(bytes: Buffer): TextFile {
  const [first, second] = bytes
  if ((first === 0xff && second === 0xfe) || (first === 0xfe && second === 0xff)) {
    return { kind: 'unreadable', why: 'it is UTF-16; save it as UTF-8' }
  }
  try {
    return { kind: 'text', text: new TextDecoder('utf-8', { fatal: true }).decode(bytes) }
  } catch (cause) {
    return { kind: 'unreadable', why: 'it is not UTF-8 text; save it as UTF-8', cause }
  }
}
