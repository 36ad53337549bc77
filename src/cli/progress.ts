import { setInterval } from 'node:timers'

import type { Bytes, Millis } from '../core/index.ts'
import { formatBytes, formatDuration } from '../core/index.ts'
import { cut, plain } from './render/paint.ts'

/** What a piece of long work says of itself. */
export interface Step {
  readonly label: string
  readonly bytes?: Bytes | null
  readonly total?: Bytes | null
  /** 0 to 1, for work that is not counted in bytes. */
  readonly fraction?: number | null
}

export interface Progress {
  update(step: Step): void
  /** Takes the line away. Safe to call twice. */
  stop(): void
}

export interface ProgressOptions {
  readonly stream: { write(text: string): unknown }
  /** `redraw`: one line on a terminal. `lines`: a plain line now and then. `silent`: nothing. */
  readonly mode: 'redraw' | 'lines' | 'silent'
  readonly width: number
  readonly now: () => number
}

const REDRAW_EVERY: Millis = 200
const LINE_EVERY: Millis = 5000

export function createProgress({ stream, mode, width, now }: ProgressOptions): Progress {
  if (mode === 'silent') return { update: () => undefined, stop: () => undefined }
  const startedAt = now()
  let step: Step | null = null
  let drawn = ''
  const draw = (): void => {
    if (step === null) return
    const text = progressLine(step, now() - startedAt)
    if (mode === 'lines') return void stream.write(`${text}\n`)
    drawn = `\r\u001b[2K${cut(text, width - 1)}`
    stream.write(drawn)
  }
  const timer = setInterval(draw, mode === 'redraw' ? REDRAW_EVERY : LINE_EVERY)
  timer.unref()
  return {
    update(next) {
      const isNew = step === null || step.label !== next.label
      step = next
      if (isNew) draw()
    },
    stop() {
      clearInterval(timer)
      if (drawn !== '') stream.write('\r\u001b[2K')
      drawn = ''
      step = null
    },
  }
}

/** `fetching llama-server: 12.4MiB of 65MiB (19%), 3.1MiB/s, 4s`: what is known, and how long it has taken. */
export function progressLine(step: Step, elapsed: Millis): string {
  const { bytes = null, total = null, fraction = null } = step
  const share = fraction ?? (bytes !== null && total !== null && total > 0 ? Math.min(1, bytes / total) : null)
  const percent = share === null ? null : `${Math.floor(share * 100)}%`
  const parts: string[] = []
  if (bytes !== null) {
    const ofTotal = total === null ? '' : ` of ${formatBytes(total)}`
    parts.push(`${formatBytes(bytes)}${ofTotal}${percent === null ? '' : ` (${percent})`}`)
    if (elapsed >= 1000 && bytes > 0) parts.push(`${formatBytes(Math.round((bytes * 1000) / elapsed))}/s`)
  } else if (percent !== null) {
    parts.push(percent)
  }
  parts.push(formatDuration(elapsed))
  return `${plain(step.label)}: ${parts.join(', ')}`
}
