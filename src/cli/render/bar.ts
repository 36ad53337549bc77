import type { Bytes } from '../../core/index.ts'
import { type Look, type Meaning, paint } from './paint.ts'

export interface Share {
  readonly bytes: Bytes
  readonly mark: string
  readonly meaning: Meaning
}

/** Memory that nobody may claim, which is no free memory either. */
const RESERVED = '·'
const FREE = '░'

/**
 * A bar of `width` characters for `total` bytes, the shares from the left in their order, what is reserved at the right
 * end, what is free between them. A share that is there at all has a character of its own as long as there is room;
 * what is over the total is not drawn.
 */
export function bar(
  { total, reserve }: { readonly total: Bytes; readonly reserve: Bytes },
  shares: readonly Share[],
  width: number,
  look: Look,
): string {
  let left = width
  let text = ''
  for (const share of shares) {
    const wanted = total > 0 ? Math.round((share.bytes / total) * width) : 0
    const length = Math.min(left, share.bytes > 0 ? Math.max(1, wanted) : 0)
    text += paint(share.mark.repeat(length), share.meaning, look)
    left -= length
  }
  const reserved = Math.min(left, total > 0 ? Math.round((reserve / total) * width) : 0)
  return text + paint(FREE.repeat(left - reserved) + RESERVED.repeat(reserved), 'quiet', look)
}
