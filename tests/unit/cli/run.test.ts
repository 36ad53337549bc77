import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

import { describe, expect, it } from 'vitest'

import type { AppOptions } from '../../../src/cli/index.ts'
import { runCommand, startCommand } from '../../support/cli.ts'
import { temporaryDirectory } from '../../support/temporary-directory.ts'
import { ready, whole } from './answers.ts'
import { type Answer, eventStream, json, refusal, refusalOf, stubDaemon } from './stub-daemon.ts'

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

describe('what a model thinks on the way', () => {
  const thoughtful = eventStream(
    { choices: [{ delta: { reasoning_content: 'Hm,' } }] },
    { choices: [{ delta: { reasoning_content: ' well.' } }] },
    say('Hello.'),
    '[DONE]',
  )

  it('is shown on a terminal, apart from the answer', async () => {
    const daemon = await stubDaemon({ [CHAT]: thoughtful })
    const { stdout } = await runCommand(['run', 'm', 'x', '--no-color'], { ...daemon, columns: 80 })
    expect(stdout).toBe('Hm, well.\n\nHello.\n')
  })

  it('is no part of what is piped on', async () => {
    const daemon = await stubDaemon({ [CHAT]: thoughtful })
    expect((await runCommand(['run', 'm', 'x'], daemon)).stdout).toBe('Hello.\n')
  })
})

describe('a chat', () => {
  const MODEL = 'GET /api/v1/models/m'
  const CTRL_C = '\u0003'
  const talking = async (answers: Parameters<typeof stubDaemon>[0]) => {
    const daemon = await stubDaemon({ [MODEL]: whole(ready('m')), ...answers })
    const command = startCommand(['run', 'm'], { ...daemon, stdin: null, columns: 80 })
    await command.until('stderr', '/bye or Ctrl-D leaves.\n')
    const asked = () => daemon.requests.filter(({ route }) => route === CHAT).map(({ body }) => body)
    return { command, asked }
  }
  const user = (content: string) => ({ role: 'user', content })
  const assistant = (content: string) => ({ role: 'assistant', content })

  it('carries what was said until it is forgotten, and ends at /bye', async () => {
    let asked = 0
    const numbered: Answer = (request, response) => {
      asked += 1
      eventStream(say(`Answer ${asked}.`), '[DONE]')(request, response)
    }
    const { command, asked: bodies } = await talking({ [CHAT]: numbered })
    command.stdin.write('one\n')
    await command.until('stdout', 'Answer 1.\n')
    command.stdin.write('two\n')
    await command.until('stdout', 'Answer 2.\n')
    command.stdin.write('/clear\nthree\n')
    await command.until('stdout', 'Answer 3.\n')
    command.stdin.write('/bye\n')
    expect((await command.ended).exit).toBe(0)
    command.stdin.destroy()
    expect(bodies().map((body) => (body as { messages: unknown }).messages)).toEqual([
      [user('one')],
      [user('one'), assistant('Answer 1.'), user('two')],
      [user('three')],
    ])
  })

  it('ends at the end of the input', async () => {
    const { command } = await talking({ [CHAT]: answer })
    command.stdin.end()
    expect((await command.ended).exit).toBe(0)
  })

  it('loses only the answer at Ctrl-C, and the daemon is told', async () => {
    let isGone = (): void => undefined
    const gone = new Promise<void>((resolve) => (isGone = resolve))
    const { command, asked } = await talking({
      [CHAT]: (request, response) => {
        if ((request.body as { messages: unknown[] }).messages.length > 1) return answer(request, response)
        response.once('close', isGone)
        response.writeHead(200, { 'content-type': 'text/event-stream' })
        response.write(`data: ${JSON.stringify(say('For ever'))}\n\n`)
      },
    })
    command.stdin.write('one\n')
    await command.until('stdout', 'For ever')
    command.stdin.write(CTRL_C)
    await command.until('stderr', '(ended here)')
    await gone
    command.stdin.write('two\n')
    await command.until('stdout', 'Hello.\n')
    command.stdin.end()
    expect((await command.ended).exit).toBe(0)
    expect(asked()[1]).toMatchObject({ messages: [user('one'), assistant('For ever'), user('two')] })
  })

  it('says at Ctrl-C without an answer how to leave, and clears what is typed', async () => {
    const { command, asked } = await talking({ [CHAT]: answer })
    command.stdin.write('never asked')
    command.stdin.write(CTRL_C)
    command.stdin.write('asked\n')
    await command.until('stdout', 'Hello.\n')
    command.stdin.end()
    await command.ended
    expect(asked()).toMatchObject([{ messages: [user('asked')] }])
  })

  it('goes on after an answer that failed', async () => {
    let asked = 0
    const { command } = await talking({
      [CHAT]: (request, response) => {
        asked += 1
        const failed = refusalOf('engine_crashed', { model: 'm', detail: 'killed' })
        return asked === 1 ? failed(request, response) : answer(request, response)
      },
    })
    command.stdin.write('one\n')
    await command.until('stderr', 'ended before it had answered: killed.')
    command.stdin.write('two\n')
    await command.until('stdout', 'Hello.\n')
    command.stdin.end()
    expect((await command.ended).exit).toBe(0)
  })

  it('does not begin without its model', async () => {
    const daemon = await stubDaemon({ [MODEL]: refusalOf('model_not_found', { model: 'm', nearest: ['n'] }) })
    const { exit, stderr } = await runCommand(['run', 'm'], { ...daemon, stdin: null, columns: 80 })
    expect([exit, stderr]).toEqual([6, expect.stringContaining('Did you mean "n"?')])
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
