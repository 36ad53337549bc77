import { expect, test } from 'vitest'
import { createLogger } from '../../../src/telemetry/index.ts'

function capture(isTTY: boolean): { lines: string[]; destination: { isTTY: boolean; write(line: string): void } } {
  const lines: string[] = []
  return { lines, destination: { isTTY, write: (line) => void lines.push(line) } }
}

/** A terminal command in C0, its one-byte form in C1, a line that looks like another, a separator, a turned direction. */
const HOSTILE = 'a\u001b[2Jb\u009b2Jc\nd\u2028e\u007f\u202ef'

test('elsewhere than on a terminal each entry is one line of JSON', () => {
  const { lines, destination } = capture(false)
  const log = createLogger({ level: 'info', destination })
  log.debug({}, 'not shown')
  log.warn({ model: 'm' }, 'a sentence')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toEqual({
    level: 'warn',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT/) as string,
    model: 'm',
    msg: 'a sentence',
  })
})

test.each([true, false])('no control character leaves, terminal or not (%s)', (isTTY) => {
  const { lines, destination } = capture(isTTY)
  createLogger({ level: 'info', destination }).info({ [`k${HOSTILE}`]: HOSTILE, error: new Error(HOSTILE) }, HOSTILE)
  expect(lines).toHaveLength(1)
  // oxlint-disable-next-line no-control-regex
  expect(lines[0]).toMatch(/^[^\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e]+\n$/)
})

test('on a terminal a line is for people', () => {
  const { lines, destination } = capture(true)
  createLogger({ level: 'info', destination }).info({ model: 'm', count: 2, nothing: null }, 'a sentence')
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d info  a sentence  model=m  count=2  nothing=null\n$/)
})
