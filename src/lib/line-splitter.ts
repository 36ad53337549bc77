const NEWLINE = 0x0a
const CARRIAGE_RETURN = 0x0d

/** Turns pieces of a byte stream into lines. */
export interface LineSplitter {
  write(piece: Uint8Array): void
  /** Gives what stands after the last line break as a line, and starts afresh. */
  end(): void
}

/**
 * Lines end with LF or CR (a progress bar rewrites its line with a lone CR); empty ones are left out. Bytes are split
 * before they are decoded, so that a character cut by a piece's border stays whole; invalid UTF-8 shows as U+FFFD.
 * Of a line longer than `limit` bytes the first `limit` are given, with an ellipsis: memory is bounded by `limit`.
 */
export function createLineSplitter(limit: number, onLine: (line: string) => void): LineSplitter {
  const begun = Buffer.allocUnsafe(limit)
  let length = 0
  let cut = false

  function flush(): void {
    if (length > 0) onLine(begun.toString('utf8', 0, length) + (cut ? '…' : ''))
    length = 0
    cut = false
  }

  function keep(bytes: Uint8Array): void {
    const room = Math.min(bytes.length, limit - length)
    begun.set(bytes.subarray(0, room), length)
    length += room
    cut ||= room < bytes.length
  }

  return {
    write(piece) {
      let newline = piece.indexOf(NEWLINE)
      let carriageReturn = piece.indexOf(CARRIAGE_RETURN)
      let start = 0
      while (newline !== -1 || carriageReturn !== -1) {
        const atNewline = carriageReturn === -1 || (newline !== -1 && newline < carriageReturn)
        const stop = atNewline ? newline : carriageReturn
        keep(piece.subarray(start, stop))
        flush()
        start = stop + 1
        if (atNewline) newline = piece.indexOf(NEWLINE, start)
        else carriageReturn = piece.indexOf(CARRIAGE_RETURN, start)
      }
      keep(piece.subarray(start))
    },
    end: flush,
  }
}
