import { rmSync, writeFileSync } from 'node:fs'

import { expect, test } from 'vitest'

import { fakeModel, makePlace, startDaemon } from '../../support/daemon.ts'

const FAILED = { status: 503, headers: { 'x-should-retry': 'false' }, json: { error: { code: 'model_failed' } } }

test('what the same launch would meet again is tried once, and the rest of the house is not disturbed', async () => {
  const place = makePlace()
  const models = {
    ...fakeModel(place, 'flag', ['--nope']),
    ...fakeModel(place, 'usage', ['--exit-at', 'loading', '--exit-code', '2']),
    ...fakeModel(place, 'weights', ['--model', place.file('nowhere.gguf')]),
    absent: { engine: 'command', command: [place.file('no-such-program')], gpus: 'none' },
    ...fakeModel(place, 'good'),
  }
  const daemon = await startDaemon({ models }, place)
  const told = {
    flag: ['bad_config', 'error: invalid argument: --nope'],
    usage: ['bad_config', 'exit code 2'],
    weights: ['model_missing', 'failed to open GGUF file'],
    absent: ['bad_config', 'no-such-program'],
  }
  for (const [model, [failure, words]] of Object.entries(told)) {
    const answer = await daemon.ask(model)
    expect(answer, model).toMatchObject(FAILED)
    expect(answer.json.error.message).toContain(`(${failure})`)
    expect(answer.json.error.message).toContain(words)
    // The second is refused by what is known; nothing is started for it.
    expect(await daemon.ask(model), model).toMatchObject(FAILED)
    expect(daemon.ofKind('started', model), model).toHaveLength(1)
    expect(daemon.ofKind('model_failed', model)[0]?.evidence).toMatchObject({ class: failure, retry_at: null })
    expect((await daemon.admin(`/models/${model}`)).json).toMatchObject({
      phase: 'failed',
      status: { value: 'failed' },
      failure: { class: failure },
    })
  }
  expect((await daemon.ask('good')).status).toBe(200)
  await daemon.end()
})

test('LS15: a crash at load is tried again with growing pauses up to a limit, then refused until an operator loads', async () => {
  const place = makePlace()
  const broken = place.file('broken')
  writeFileSync(broken, '')
  const daemon = await startDaemon(
    { models: fakeModel(place, 'm', ['--exit-at', 'loading', '--exit-while', broken]) },
    place,
  )
  const answer = await daemon.ask('m')
  expect(answer).toMatchObject(FAILED)
  expect(answer.json.error.message).toContain("load_model: loading model 'm'")
  const crashes = daemon.ofKind('crashed', 'm')
  expect(crashes.map(({ evidence }) => [evidence.attempt, evidence.during, evidence.code])).toEqual(
    [1, 2, 3, 4, 5].map((attempt) => [attempt, 'starting', 1]),
  )
  const pauses = crashes.slice(0, -1).map(({ at, evidence }) => Date.parse(evidence.retry_at) - Date.parse(at))
  for (const [index, pause] of pauses.entries()) {
    // One second, doubled each time, give or take a quarter.
    expect(pause).toBeGreaterThanOrEqual(750 * 2 ** index)
    expect(pause).toBeLessThanOrEqual(1250 * 2 ** index)
  }
  expect(crashes.at(-1)?.evidence.retry_at).toBeNull()
  expect(daemon.ofKind('model_failed', 'm')[0]?.evidence).toMatchObject({ class: 'exited', attempts: 5 })

  rmSync(broken)
  expect(await daemon.ask('m')).toMatchObject(FAILED)
  expect((await daemon.command('load', 'm')).exit).toBe(0)
  expect((await daemon.ask('m')).status).toBe(200)
  await daemon.end()
}, 60_000)
