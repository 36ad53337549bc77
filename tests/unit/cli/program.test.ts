import { once } from 'node:events'

import { describe, expect, it, onTestFinished } from 'vitest'

import { startProgram } from '../../support/cli.ts'
import { type Answer, json, refusal, stubDaemon } from './stub-daemon.ts'

/** One event, and then nothing for as long as the reader stays. */
const endless: Answer = (_request, response) => {
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write('data: {"seq":1,"at":"2026-01-31T14:00:00.000Z","kind":"ready","text":"one"}\n\n')
}

function start(argv: readonly string[], environment: Readonly<Record<string, string>> = {}) {
  const program = startProgram(argv, { env: environment, stdin: 'ignore' })
  onTestFinished(() => void program.kill('SIGKILL'))
  return program
}

describe('the program as a process', () => {
  it('prints its version', async () => {
    const { exitCode, stdout, stderr } = await start(['version', '--json'])
    expect([exitCode, stderr]).toEqual([0, ''])
    expect(JSON.parse(String(stdout))).toMatchObject({ version: '0.1.0', node: process.version })
  })

  it('passes the exit code on', async () => {
    const { environment } = await stubDaemon({
      'POST /api/v1/models/unpin': json(404, refusal('model_not_found', 'No x.')),
    })
    const { exitCode, stdout, stderr } = await start(['unpin', 'x'], environment)
    expect([exitCode, stdout, stderr]).toEqual([6, '', 'error: No x.'])
  })

  it.each(['SIGINT', 'SIGTERM'] as const)('exits 130 at %s', async (signal) => {
    const { environment } = await stubDaemon({ 'GET /api/v1/events': endless })
    const program = start(['events', '-f', '--json'], environment)
    await once(program.stdout, 'data')
    program.kill(signal)
    const { exitCode, stderr } = await program
    expect([exitCode, stderr]).toEqual([130, ''])
  })

  it('exits 0 without a word when the reader of its output leaves', async () => {
    let say = (): unknown => undefined
    const { environment } = await stubDaemon({
      'GET /api/v1/events': (request, response) => {
        endless(request, response)
        say = () => response.write('data: {"seq":2,"at":"","kind":"ready","text":"two"}\n\n')
      },
    })
    const program = start(['events', '-f', '--json'], environment)
    await once(program.stdout, 'data')
    program.stdout.destroy()
    await once(program.stdout, 'close')
    say()
    const { exitCode, stderr } = await program
    expect([exitCode, stderr]).toEqual([0, ''])
  })
})
