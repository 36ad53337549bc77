import { expect, onTestFinished, test, vi } from 'vitest'

import type { LineTarget, WriterNews } from '../../../src/telemetry/line-writer.ts'
import { createLineWriter, MOST_WAITING } from '../../../src/telemetry/line-writer.ts'

interface FakeTarget extends LineTarget {
  readonly pieces: string[]
  closed: boolean
  /** What the next appends do, in their order; afterwards each takes all. */
  readonly next: ((bytes: Buffer) => Promise<number>)[]
}

function fakeTarget(): FakeTarget {
  const target: FakeTarget = {
    pieces: [],
    closed: false,
    next: [],
    async append(bytes) {
      const taken = (await target.next.shift()?.(bytes)) ?? bytes.length
      target.pieces.push(bytes.toString('utf8', 0, taken))
      return taken
    },
    async close() {
      target.closed = true
    },
  }
  return target
}

/** An append that lasts until it is let go. */
function gate(): { readonly hold: (bytes: Buffer) => Promise<number>; readonly open: () => void } {
  let open: () => void = () => undefined
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { hold: (bytes) => opened.then(() => bytes.length), open }
}

const MIB_16TH = 64 * 1024

function full(): Promise<number> {
  return Promise.reject(Object.assign(new Error('no space left'), { code: 'ENOSPC' }))
}

test('what comes up during a write goes out together with the next one, in its order', async () => {
  const target = fakeTarget()
  const { hold, open } = gate()
  target.next.push(hold)
  const writer = createLineWriter(target, () => expect.unreachable())
  for (const line of ['1\n', '2\n', '3\n']) writer.write(line)
  open()
  await writer.close()
  expect(target.pieces).toEqual(['1\n', '2\n3\n'])
  expect(target.closed).toBe(true)
})

test('what a write did not take is written again from there', async () => {
  const target = fakeTarget()
  target.next.push(async () => 3)
  const writer = createLineWriter(target, () => expect.unreachable())
  writer.write('abcdef\n')
  await writer.close()
  expect(target.pieces).toEqual(['abc', 'def\n'])
})

test('a full disk is told once, is tried again, and no line that could wait is lost', async () => {
  const target = fakeTarget()
  const news: WriterNews[] = []
  let heard: () => void = () => undefined
  const told = new Promise<void>((resolve) => {
    heard = resolve
  })
  target.next.push(full)
  const writer = createLineWriter(target, (each) => {
    news.push(each)
    // The one who is told writes a line about it.
    writer.write(`${each.kind}\n`)
    heard()
  })
  writer.write('1\n')
  await told
  writer.write('2\n')
  await writer.close()
  expect(news.map(({ kind }) => kind)).toEqual(['failing', 'resumed'])
  expect(news[1]).toEqual({ kind: 'resumed', lost: 0 })
  expect(target.pieces.join('')).toBe('1\nfailing\n2\n')
})

test('behind a write that hangs only so much waits; the rest is counted', async () => {
  const target = fakeTarget()
  const news: WriterNews[] = []
  const { hold, open } = gate()
  target.next.push(hold)
  const writer = createLineWriter(target, (each) => news.push(each))
  const line = `${'x'.repeat(MIB_16TH - 1)}\n`
  writer.write('first\n')
  const fits = MOST_WAITING / line.length
  for (let count = 0; count < fits + 7; count += 1) writer.write(line)
  open()
  await writer.close()
  expect(target.pieces.join('').length).toBe('first\n'.length + MOST_WAITING)
  expect(news).toEqual([{ kind: 'resumed', lost: 7 }])
})

test('the end is not held back by a disk that never answers', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const target = fakeTarget()
  target.next.push(() => new Promise(() => undefined))
  const writer = createLineWriter(target, () => expect.unreachable())
  writer.write('1\n')
  const closed = writer.close()
  await vi.advanceTimersByTimeAsync(10_000)
  await closed
  writer.write('after the end\n')
  expect(target.pieces).toEqual([])
  expect(target.closed).toBe(true)
})

test('lines that may gather go out together after their time, and at once when there are many or at the end', async () => {
  vi.useFakeTimers()
  onTestFinished(() => void vi.useRealTimers())
  const target = fakeTarget()
  const writer = createLineWriter(target, () => expect.unreachable(), { gather: 100 })
  for (const line of ['1\n', '2\n']) writer.write(line)
  await vi.advanceTimersByTimeAsync(99)
  expect(target.pieces).toEqual([])
  await vi.advanceTimersByTimeAsync(1)
  expect(target.pieces).toEqual(['1\n2\n'])
  const long = `${'x'.repeat(MIB_16TH)}\n`
  for (let count = 0; count < 8; count += 1) writer.write(long)
  await vi.advanceTimersByTimeAsync(0)
  expect(target.pieces.slice(1).join('').length).toBeGreaterThan(4 * MIB_16TH)
  await vi.advanceTimersByTimeAsync(100)
  expect(target.pieces.slice(1).join('')).toBe(long.repeat(8))
  writer.write('last\n')
  await writer.close()
  expect(target.pieces.at(-1)).toBe('last\n')
})
