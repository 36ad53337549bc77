import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { AppOptions } from '../../../src/cli/index.ts'
import { runCommand, startCommand } from '../../support/cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { eventStream, json, refusal, stubDaemon } from './stub-daemon.ts'

const CHAT = 'POST /v1/chat/completions'
const say = (content: string) => ({ choices: [{ index: 0, delta: { content } }] })
const answer = eventStream(
  { choices: [{ delta: { role: 'assistant' } }] },
  say('Hel'),
  say('lo.'),
  { choices: [], usage: {} },
  '[DONE]',
)

describe('one answer', () => {
  it('is streamed to stdout, and ends with a line feed', async () => {
    const daemon = await stubDaemon({ [CHAT]: answer })
    const { exit, stdout, stderr } = await runCommand(['run', 'm', 'Say', 'hello'], daemon)
    expect({ exit, stdout, stderr }).toEqual({ exit: 0, stdout: 'Hello.\n', stderr: '' })
    expect(daemon.requests[0]?.body).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'Say hello' }],
      stream: true,
    })
  })

  it.each([
    [[], 'What is this?\n', 'What is this?\n'],
    [['Summarise'], 'text\n', 'Summarise\n\ntext\n'],
    [['Summarise'], '', 'Summarise'],
  ])('asks what was typed %j, then what was piped in %j', async (words, stdin, content) => {
    const daemon = await stubDaemon({ [CHAT]: answer })
    await runCommand(['run', 'm', ...words], { ...daemon, stdin })
    expect(daemon.requests[0]?.body).toMatchObject({ messages: [{ role: 'user', content }] })
  })

  it('is chunks, one per line, with --json', async () => {
    const daemon = await stubDaemon({ [CHAT]: eventStream(say('a'), say('b'), '[DONE]') })
    const { stdout } = await runCommand(['run', 'm', 'x', '--json'], daemon)
    expect(stdout).toBe(`${JSON.stringify(say('a'))}\n${JSON.stringify(say('b'))}\n`)
  })

  it('fails as the daemon says, before and in the middle of it', async () => {
    const missing = await stubDaemon({ [CHAT]: json(404, refusal('model_not_found', 'No m.')) })
    expect(await runCommand(['run', 'm', 'x'], missing)).toEqual({ exit: 6, stdout: '', stderr: 'error: No m.\n' })
    const dying = await stubDaemon({ [CHAT]: eventStream(say('Hel'), refusal('engine_crashed', 'It crashed.')) })
    expect(await runCommand(['run', 'm', 'x'], dying)).toEqual({
      exit: 1,
      stdout: 'Hel\n',
      stderr: 'error: It crashed.\n',
    })
  })
})

describe('a chat', () => {
  it('carries what was said, and ends at /bye', async () => {
    const daemon = await stubDaemon({ [CHAT]: answer })
    const command = startCommand(['run', 'm'], { ...daemon, stdin: null, columns: 80 })
    await command.until('stderr', 'Talking with m')
    command.stdin.write('one\n')
    await command.until('stdout', 'Hello.\n')
    command.stdin.write('/bye\n')
    expect((await command.ended).exit).toBe(0)
    command.stdin.destroy()
    expect(daemon.requests.filter(({ route }) => route === CHAT)).toHaveLength(1)
  })

  it('ends at the end of the input', async () => {
    const daemon = await stubDaemon({ [CHAT]: answer })
    const command = startCommand(['run', 'm'], { ...daemon, stdin: null, columns: 80 })
    await command.until('stderr', 'Talking with m')
    command.stdin.end()
    expect((await command.ended).exit).toBe(0)
  })
})

describe('a GGUF file', () => {
  const file = () => {
    const path = join(temporaryDirectory(), 'Tiny-Q4_K_M.gguf')
    writeFileSync(path, 'GGUF')
    return path
  }
  const app = (adminSocket: string, calls: string[]) => ({
    address: 'http://127.0.0.1:1',
    adminSocket,
    reload: () => null,
    stop: async () => void calls.push('stop'),
    hurry: () => void calls.push('hurry'),
  })
  const engines = [{ name: 'llama-server', locate: async () => '/opt/llama-server', install: null }]

  it('is asked through a daemon of its own that leaves nothing', async () => {
    const daemon = await stubDaemon({ [CHAT]: answer })
    const calls: string[] = []
    const started: AppOptions[] = []
    const startApp = async (options: AppOptions) => {
      started.push(options)
      expect(existsSync(options.stateDirectory)).toBe(true)
      return app(daemon.adminSocket, calls)
    }
    const { exit, stdout } = await runCommand(['run', file(), 'hello'], { house: { startApp, engines } })
    expect([exit, stdout, calls]).toEqual([0, 'Hello.\n', ['stop']])
    const [options] = started
    expect([...(options?.manifest.models.keys() ?? [])]).toEqual(['Tiny-Q4_K_M'])
    expect(options?.manifest.engines).toEqual({ 'llama-server': { path: '/opt/llama-server' } })
    expect(existsSync(options?.stateDirectory ?? '')).toBe(false)
    expect(daemon.requests[0]?.body).toMatchObject({ model: 'Tiny-Q4_K_M' })
  })

  it.each([
    ['the answer fails', json(503, refusal('model_failed', 'It failed.')), 1],
    ['it is interrupted', () => undefined, 130],
  ] as const)('leaves nothing when %s', async (_name, chat, exit) => {
    const calls: string[] = []
    const directories: string[] = []
    let asked = (): void => undefined
    const isAsked = new Promise<void>((resolve) => (asked = resolve))
    const daemon = await stubDaemon({
      [CHAT]: (request, response) => {
        chat(request, response)
        asked()
      },
    })
    const startApp = async ({ stateDirectory }: AppOptions) => {
      directories.push(stateDirectory)
      return app(daemon.adminSocket, calls)
    }
    const command = startCommand(['run', file(), 'hello'], { house: { startApp, engines } })
    await isAsked
    if (exit === 130) command.signal('SIGINT')
    expect((await command.ended).exit).toBe(exit)
    expect(calls).toEqual(['stop'])
    expect(directories.map(existsSync)).toEqual([false])
  })

  it('is looked for as a model where there is no such file', async () => {
    const daemon = await stubDaemon({ [CHAT]: answer })
    expect((await runCommand(['run', 'tiny.gguf', 'x'], daemon)).stdout).toBe('Hello.\n')
  })
})
