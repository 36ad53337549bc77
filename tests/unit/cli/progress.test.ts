import { describe, expect, it } from 'vitest'

import { createProgress, progressLine } from '../../../src/cli/progress.ts'

const MIB = 1024 ** 2

describe('a line of progress', () => {
  it.each([
    [{ label: 'a' }, 400, 'a: 400ms'],
    [{ label: 'a', fraction: 0.427 }, 8000, 'a: 42%, 8s'],
    [{ label: 'a', bytes: 0, total: null }, 2000, 'a: 0B, 2s'],
    [{ label: 'a', bytes: 12 * MIB, total: null }, 4000, 'a: 12MiB, 3MiB/s, 4s'],
    [{ label: 'a', bytes: 12 * MIB, total: 48 * MIB }, 500, 'a: 12MiB of 48MiB (25%), 500ms'],
    [{ label: 'a', bytes: 50 * MIB, total: 48 * MIB }, 500, 'a: 50MiB of 48MiB (100%), 500ms'],
    [{ label: 'a\u001b[2J\u0008' }, 0, 'a?: 0ms'],
  ])('%j after %d ms', (step, elapsed, line) => {
    expect(progressLine(step, elapsed)).toBe(line)
  })
})

describe('progress', () => {
  const watch = (mode: 'redraw' | 'lines' | 'silent') => {
    const written: string[] = []
    const progress = createProgress({ stream: { write: (text) => written.push(text) }, mode, width: 12, now: () => 0 })
    progress.update({ label: 'fetching things' })
    progress.update({ label: 'fetching things', bytes: 5 })
    progress.update({ label: 'done' })
    progress.stop()
    progress.stop()
    return written
  }

  it('redraws one line, never wider than the terminal, and takes it away once', () => {
    expect(watch('redraw')).toEqual(['\r\u001b[2Kfetching t…', '\r\u001b[2Kdone: 0ms', '\r\u001b[2K'])
  })

  it('writes a plain line per kind of work off a terminal', () => {
    expect(watch('lines')).toEqual(['fetching things: 0ms\n', 'done: 0ms\n'])
  })

  it('is silent when asked', () => {
    expect(watch('silent')).toEqual([])
  })
})
