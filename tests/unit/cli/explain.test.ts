import { describe, expect, it, vi } from 'vitest'

import { ERRORS, EXIT } from '../../../src/core/index.ts'
import { momentText } from '../../../src/cli/options.ts'
import { runCommand } from '../../support/cli.ts'
import { type Answer, refusalOf, stubDaemon } from './stub-daemon.ts'
import { WORLD } from './stub-world.ts'

describe('an error code', () => {
  it.each(Object.keys(ERRORS))('%s is explained without a daemon, to people and to programs', async (code) => {
    const { exit, stdout, stderr } = await runCommand(['explain', code])
    expect([exit, stderr]).toEqual([EXIT.ok, ''])
    expect(stdout).toMatch(new RegExp(`^${code}\\n  for example  .+\\n(  why          .+\\n)?  what to do   .+\\n`))
    expect(stdout).not.toMatch(/undefined|\[object/)
    const data = await runCommand(['explain', code, '--json'])
    expect(JSON.parse(data.stdout)).toMatchObject({ code, exit: expect.any(Number), status: expect.any(Number) })
  })

  it('that is mistyped is recognised, unless a model is nearer', async () => {
    const missing =
      (names: readonly string[]): Answer =>
      ({ query }, response) => {
        const { model, request = '' } = query
        const refusal =
          model === undefined
            ? refusalOf('request_not_found', { request })
            : refusalOf('model_not_found', { model, nearest: names })
        refusal({ route: '', query, body: null, key: null }, response)
      }
    const other = await stubDaemon({ 'GET /api/v1/explain': missing(['model-not-found']) })
    expect((await runCommand(['explain', 'modle_not_found'], other)).stderr).toContain('mean "model-not-found"?')
    const { environment } = await stubDaemon({ 'GET /api/v1/explain': missing([]) })
    const { exit, stderr } = await runCommand(['explain', 'modle_not_found'], { environment })
    expect([exit, stderr]).toEqual([6, expect.stringContaining('Did you mean the error code model_not_found?')])
  })

  it('gives way to a model of its name where a time is asked for', async () => {
    const { environment, requests } = await stubDaemon(WORLD)
    await runCommand(['explain', 'internal', '--at', '10m'], { environment })
    expect(requests[0]?.query).toEqual({ model: 'internal', at: '10m' })
  })
})

describe('a class of failures', () => {
  it('is explained as records name it', async () => {
    const { exit, stdout } = await runCommand(['explain', 'gpu_oom'])
    expect([exit, stdout]).toEqual([0, expect.stringContaining('it ran out of GPU memory.')])
    const data = await runCommand(['explain', 'gpu_oom', '--json'])
    expect(JSON.parse(data.stdout)).toMatchObject({ class: 'gpu_oom', because: 'it ran out of GPU memory' })
  })
})

describe('a moment', () => {
  it.each([
    ['10m', '10m'],
    ['90', '90'],
    ['2026-01-31T14:03:00Z', '2026-01-31T14:03:00.000Z'],
    ['2026-01-31 14:03', '2026-01-31T13:03:00.000Z'],
    ['14:03', '2026-01-31T13:03:00.000Z'],
    ['9:03:11', '2026-01-31T08:03:11.000Z'],
    ['15:01', '2026-01-30T14:01:00.000Z'],
  ])('%s is sent as %s by somebody an hour east of Greenwich', (typed, sent) => {
    vi.stubEnv('TZ', 'Etc/GMT-1')
    vi.useFakeTimers({ toFake: ['Date'], now: Date.parse('2026-01-31T14:00:00Z') })
    try {
      expect(momentText(typed)).toBe(sent)
    } finally {
      vi.useRealTimers()
      vi.unstubAllEnvs()
    }
  })

  it.each(['soon', '24:00', '14:60', '2026-13-01', ''])('is not %j', (typed) => {
    expect(() => momentText(typed)).toThrow('It is 10m (ago), 14:03, or 2026-01-31T14:03:00Z.')
  })
})
