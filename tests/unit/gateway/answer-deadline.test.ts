import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AnswerTimeouts } from '../../../src/core/index.ts'
import { AnswerDeadline } from '../../../src/gateway/answer-deadline.ts'

beforeEach(() => void vi.useFakeTimers({ now: 0 }))
afterEach(() => void vi.useRealTimers())

function start(timeouts: AnswerTimeouts) {
  const passed: [string, number][] = []
  const client = { held: false }
  const deadline = new AnswerDeadline({
    timeouts,
    now: () => Date.now(),
    held: () => client.held,
    passed: (limit, after) => passed.push([limit, after]),
  })
  return { deadline, passed, client }
}

test('each byte gives the next one its time, at one timer', () => {
  const { deadline, passed } = start({ firstByte: 600_000, betweenBytes: 1_000, total: null })
  vi.advanceTimersByTime(500_000)
  for (let byte = 0; byte < 100; byte++) {
    deadline.byte()
    expect(vi.getTimerCount()).toBe(1)
    vi.advanceTimersByTime(990)
  }
  expect(passed).toEqual([])
  vi.advanceTimersByTime(20)
  expect(passed).toEqual([['between_bytes', 1_000]])
  expect(vi.getTimerCount()).toBe(0)
})

test('a client that holds the engine up is not counted against it, but for the whole', () => {
  const { deadline, passed, client } = start({ firstByte: 100, betweenBytes: 100, total: 10_000 })
  deadline.byte()
  client.held = true
  vi.advanceTimersByTime(9_000)
  expect(passed).toEqual([])
  client.held = false
  deadline.byte()
  vi.advanceTimersByTime(90)
  expect(passed).toEqual([])
  client.held = true
  vi.advanceTimersByTime(1_000)
  expect(passed).toEqual([['total', 10_000]])
})

test('without limits there is no timer; stopped, there is none any more', () => {
  start({ firstByte: null, betweenBytes: null, total: null }).deadline.byte()
  expect(vi.getTimerCount()).toBe(0)
  const { deadline, passed } = start({ firstByte: 10, betweenBytes: 10, total: 10 })
  deadline.stop()
  vi.advanceTimersByTime(1_000)
  expect([passed, vi.getTimerCount()]).toEqual([[], 0])
})

test('a limit of years does not fire at once', () => {
  const { passed } = start({ firstByte: 365 * 86_400_000, betweenBytes: null, total: null })
  vi.advanceTimersByTime(60 * 86_400_000)
  expect(passed).toEqual([])
})
