import { expect, test } from 'vitest'

import type { FailureClass } from '../../../src/core/index.ts'
import { fakeModel, makePlace, startDaemon, type Answer, type ManifestText } from '../../support/daemon.ts'

interface Row {
  readonly name: string
  readonly knobs: readonly string[]
  readonly load: ManifestText
  /** Else it is found stalled. */
  readonly failure?: FailureClass
  /** What a person is told of it. */
  readonly told: RegExp
}

/** Of a second where nothing moves; engines that go on moving have a stall limit that only a hang would reach. */
const STILL: ManifestText = { stall: '1s' }
const MOVING: ManifestText = { stall: '3s', timeout: '4s' }

const ROWS: readonly Row[] = [
  {
    name: 'hangs',
    knobs: ['--health', 'hang'],
    load: STILL,
    told: /nothing moved for .*; the last probe said: no answer in time/,
  },
  {
    name: 'unavailable',
    knobs: ['--health', '503'],
    load: STILL,
    told: /nothing moved for .*; the last probe said: status 503/,
  },
  {
    name: 'changes-its-mind',
    knobs: ['--health', '503,500'],
    load: MOVING,
    told: /not ready after 4/,
  },
  {
    name: 'speaks-no-http',
    knobs: ['--health', 'garbage'],
    load: STILL,
    told: /nothing moved for .*; the last probe said: Parse Error: Expected HTTP/,
  },
  {
    name: 'listens-elsewhere',
    knobs: ['--listen-elsewhere'],
    load: STILL,
    told: /nothing moved for .*; the last probe said: nothing listens at its socket/,
  },
  {
    name: 'only-grows',
    knobs: ['--ready-gate', '{never}', '--grow', '10000000'],
    load: MOVING,
    told: /not ready after 4/,
  },
  {
    name: 'silent-and-deaf',
    knobs: ['--ready-gate', '{never}', '--ignore-term', '--setsid-child', '--close-output'],
    load: STILL,
    told: /nothing moved for .*; the last probe said: nothing listens at its socket/,
  },
  {
    name: 'leaves',
    knobs: ['--leave'],
    load: STILL,
    failure: 'exited',
    told: /exit code 0/,
  },
]

test('engines that never get ready are given up, each with its reason, while another model answers', async () => {
  const place = makePlace()
  const keys = { start: { attempts: 1, window: '1h' }, stop: { grace: '1s' } }
  const failing = ROWS.map(({ name, knobs, load }) =>
    fakeModel(
      place,
      name,
      knobs.map((knob) => (knob === '{never}' ? place.file('never') : knob)),
      { load, ...keys },
    ),
  )
  // Its health flaps too, and is believed when it is well.
  const models = Object.assign(fakeModel(place, 'good', ['--health', '503,500,200']), ...failing)
  const daemon = await startDaemon({ models }, place)
  let waiting = ROWS.length
  const asked = Promise.all(
    ROWS.map(async ({ name }) => {
      const answer = await daemon.ask(name)
      waiting -= 1
      return answer
    }),
  )
  const statuses: number[] = []
  while (waiting > 0) statuses.push((await daemon.ask('good')).status)
  const answers = await asked

  expect(statuses.length).toBeGreaterThan(10)
  expect(new Set(statuses)).toEqual(new Set([200]))
  expect(daemon.ofKind('started', 'good')).toHaveLength(1)
  for (const [index, { name, told, failure = 'stalled' }] of ROWS.entries()) {
    const { status, headers, json } = answers[index] as Answer
    expect({ status, code: json.error.code, again: headers['x-should-retry'] }, name).toEqual({
      status: 503,
      code: 'model_failed',
      again: 'false',
    })
    expect(json.error.message, name).toContain(`(${failure})`)
    expect(json.error.message, name).toMatch(told)
    expect(daemon.ofKind('crashed', name)[0]?.evidence, name).toMatchObject({ class: failure, during: 'starting' })
    await daemon.untilEvent('released', name)
    // What is known is said at once; nothing is started for it.
    expect((await daemon.ask(name)).status, name).toBe(503)
    expect(daemon.ofKind('started', name), name).toHaveLength(1)
  }
  await daemon.end()
})
