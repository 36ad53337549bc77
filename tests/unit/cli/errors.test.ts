import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import { EnginehouseError } from '../../../src/core/index.ts'
import { errorBody } from '../../../src/gateway/refusal.ts'
import { runCommand } from '../../support/cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { json, refusal, refusalOf, stubDaemon } from './stub-daemon.ts'

describe('what is typed wrongly', () => {
  it.each([
    [['lod', 'x'], 'There is no command "lod". Did you mean "load"?'],
    [['engines', 'lst'], 'There is no command "lst". Did you mean "list"?'],
    [['xyzzy'], 'There is no command "xyzzy".'],
    [['load'], "Missing required argument 'model'."],
    [['ps', 'x'], "Too many arguments for 'ps'. Expected 0 arguments but got 1."],
    [['ps', '--jsn'], "Unknown option '--jsn'. Did you mean --json?"],
    [['unload'], 'Name one MODEL to unload, or give --all.'],
    [['unload', 'a', '--all'], 'Name one MODEL to unload, or give --all.'],
    [
      ['pin', 'a', '--for', 'soon'],
      "Option '--for <duration>' argument 'soon' is invalid. It is a duration such as 90s or 2h.",
    ],
    [['logs', 'a', '--lines', 'all'], "Option '--lines <count>' argument 'all' is invalid. It is a whole number."],
    [['run', 'a'], 'There is no prompt: write one after MODEL, or pipe one in.'],
  ])('%j', async (argv, sentence) => {
    const { exit, stdout, stderr } = await runCommand(argv)
    const isCommand = !['lod', 'xyzzy'].includes(argv[0] ?? '')
    const next = isCommand
      ? `\`enginehouse ${argv[0]} --help\` shows its use.`
      : '`enginehouse --help` shows the commands.'
    expect([exit, stdout]).toEqual([2, ''])
    expect(stderr).toBe(`error: ${sentence}\n  ${next}\n`)
  })

  it.each([[[]], [['engines']]])('%j shows help on stderr', async (argv) => {
    const { exit, stdout, stderr } = await runCommand(argv)
    expect([exit, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^Usage: enginehouse/)
  })

  it.each([[['--help']], [['load', '--help']], [['--version']]])('%j is asked for, so it is a result', async (argv) => {
    const { exit, stdout, stderr } = await runCommand(argv)
    expect([exit, stderr]).toEqual([0, ''])
    expect(stdout).not.toBe('')
  })
})

describe('what this version does not have', () => {
  it.each([
    ['pull', '--all'],
    ['pull', 'cancel', 'j'],
    ['gguf', 'f'],
    ['keys', 'create', 'n', '--scope', 'infer'],
    ['support-bundle'],
  ])('%s is refused by name', async (...argv) => {
    const { exit, stdout } = await runCommand([...argv, '--json'])
    expect(exit).toBe(2)
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'not_supported',
      message: `\`enginehouse ${argv[0]}\` is not supported by this version.`,
    })
  })
})

describe('what the daemon refuses', () => {
  it.each([
    [404, 'model_not_found', 6],
    [403, 'origin_not_allowed', 7],
    [503, 'insufficient_host_memory', 4],
    [504, 'queue_timeout', 8],
    [503, 'model_failed', 1],
    [400, 'parameter_invalid', 1],
    [400, 'not_supported', 2],
    [500, 'a_code_of_a_later_version', 1],
    [401, 'a_code_of_a_later_version', 7],
  ])('%d %s exits %d, in its words', async (status, code, exit) => {
    const { environment } = await stubDaemon({
      'POST /api/v1/models/unload': json(status, refusal(code, 'It says so.')),
    })
    const text = await runCommand(['unload', 'a'], { environment })
    expect(text).toEqual({ exit, stdout: '', stderr: 'error: It says so.\n' })
    const data = await runCommand(['unload', 'a', '--json'], { environment })
    expect(data).toMatchObject({ exit, stderr: '' })
    expect(JSON.parse(data.stdout)).toEqual({ error: { code, message: 'It says so.', next: null, facts: {} } })
  })

  it('is told with what to do where the daemon sends that', async () => {
    const error = new EnginehouseError('model_not_found', { model: 'a', nearest: ['b'] })
    const body = JSON.parse(errorBody(error)) as object
    const { environment } = await stubDaemon({ 'POST /api/v1/models/unpin': json(404, body) })
    const { stderr } = await runCommand(['unpin', 'a'], { environment })
    expect(stderr).toBe('error: There is no model "a" here.\n  Did you mean "b"?\n')
    const data = await runCommand(['unpin', 'a', '--json'], { environment })
    expect(JSON.parse(data.stdout)).toEqual({
      error: { code: error.code, message: error.message, next: error.next, facts: error.facts },
    })
  })

  it('shows what an engine said in it, and lets the terminal obey none of it', async () => {
    const detail = '\u001b[2J\u001b[31mout of memory\u0007'
    const { environment } = await stubDaemon({
      'POST /api/v1/models/load': refusalOf('engine_crashed', { model: 'a', detail }),
    })
    const { stderr } = await runCommand(['load', 'a', '--no-color'], { environment, columns: 80 })
    expect(stderr).toContain('ended before it had answered: out of memory?.')
  })

  it.each([
    ['no JSON', 200, 'hello'],
    ['an error of another shape', 502, '{"detail":"x"}'],
  ])('%s is not understood, and nothing is guessed', async (_name, status, text) => {
    const { environment } = await stubDaemon({
      'GET /api/v1/models': (_request, response) => void response.writeHead(status).end(text),
    })
    const { exit, stderr } = await runCommand(['ls'], { environment })
    expect(exit).toBe(1)
    expect(stderr).toContain(`The daemon answered ${status} with ${JSON.stringify(text)}`)
  })
})

describe('a daemon that is not there', () => {
  it('exits 5 and names the socket', async () => {
    const directory = temporaryDirectory()
    const environment = { ENGINEHOUSE_STATE_DIR: directory }
    const { exit, stdout } = await runCommand(['status', '--json'], { environment })
    expect(exit).toBe(5)
    expect(JSON.parse(stdout).error).toMatchObject({
      code: 'daemon_unreachable',
      facts: { where: join(directory, 'admin.sock') },
    })
  })

  it('exits 5 when it goes away in the middle of a stream', async () => {
    const { environment } = await stubDaemon({
      'GET /api/v1/events': (_request, response) => {
        response.writeHead(200).write('data: {"seq":1,"at":"","kind":"x","text":"t"}\n\n', () => response.destroy())
      },
    })
    const { exit, stdout, stderr } = await runCommand(['events', '-f'], { environment })
    expect([exit, stdout.endsWith('  t\n')]).toEqual([5, true])
    expect(stderr).toContain('No daemon answers at ')
  })

  it('exits 5 when it goes away in the middle of an answer', async () => {
    const { environment } = await stubDaemon({ 'GET /api/v1/models': (_request, response) => void response.destroy() })
    expect((await runCommand(['ls'], { environment })).exit).toBe(5)
  })
})
