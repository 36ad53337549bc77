import type { Input } from './world.ts'

/** All that is piped in, or its beginning when that has more than `most` characters. Ends when the signal aborts. */
export async function readStdin(stdin: Input, signal: AbortSignal, most = Number.POSITIVE_INFINITY): Promise<string> {
  const stop = (): void => void stdin.destroy()
  signal.addEventListener('abort', stop, { once: true })
  try {
    let text = ''
    stdin.setEncoding('utf8')
    for await (const piece of stdin) {
      text += piece
      if (text.length > most) break
    }
    return text
  } finally {
    signal.removeEventListener('abort', stop)
  }
}
