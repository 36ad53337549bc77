import type { ServerResponse } from 'node:http'

/** Between comments on a quiet event stream, so that a dead reader is found and proxies keep the connection. */
const HEARTBEAT = 15_000

/** Unsent bytes of live text at which a reader is cut; an event reader resumes by Last-Event-ID. */
const MAX_UNSENT = 1024 * 1024

export interface OutgoingStream {
  /** Text that stood before the reader came: sent as fast as it reads. Settles when all is handed on or it has left. */
  past(texts: Iterable<string>): Promise<void>
  /** Text that comes up now. It waits for nobody: a reader that does not read is cut. */
  live(text: string): void
  /** Bytes that the reader has not taken yet. */
  readonly unsent: number
  end(): void
  /** Settles when the reader has left or has been cut. */
  readonly closed: Promise<void>
}

/** A response that goes on until the reader leaves. */
export function openStream(
  response: ServerResponse,
  type: 'text/event-stream' | 'text/plain; charset=utf-8' | 'application/x-ndjson',
): OutgoingStream {
  const closed = new Promise<void>((resolve) => {
    if (response.destroyed) resolve()
    else response.once('close', resolve)
  })
  response.on('error', () => response.destroy())
  response.writeHead(200, {
    'content-type': type,
    'cache-control': 'no-cache, no-transform',
    'x-accel-buffering': 'no',
  })
  response.flushHeaders()
  const live = (text: string): void => {
    if (response.destroyed) return
    response.write(text)
    if (response.writableLength > MAX_UNSENT) response.destroy()
  }
  if (type === 'text/event-stream') {
    const heartbeat = setInterval(() => live(': still here\n\n'), HEARTBEAT)
    void closed.then(() => clearInterval(heartbeat))
  }
  return {
    async past(texts) {
      for (const text of texts) {
        if (response.destroyed) return
        if (!response.write(text)) await Promise.race([drained(response), closed])
      }
    },
    live,
    get unsent() {
      return response.writableLength
    },
    end: () => response.end(),
    closed,
  }
}

function drained(response: ServerResponse): Promise<void> {
  return new Promise((resolve) => {
    response.once('drain', resolve)
  })
}
